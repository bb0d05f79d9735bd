// libmesos names libraries of 2015 (libcurl 3, OpenSSL 1.0), of which the tests use nothing: libraries with no more than their version names
// and what is looked for at loading satisfy the loader. A call of anything else ends the process with its name.
#ifdef CRYPTO
void GENERAL_NAME_free(void) {}
void PEM_read_bio_RSAPrivateKey(void) {}
void PEM_read_bio_RSA_PUBKEY(void) {}
void RSA_free(void) {}
void X509_NAME_free(void) {}
#endif
