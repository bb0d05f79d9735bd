// libmesos names libraries of 2015, libcurl 3 and OpenSSL 1.0: libraries with their version names satisfy the loader. OpenSSL is not used
// by the tests, so there is no more than what is looked for at loading; a call of anything else ends the process with its name. Agents ask by
// libcurl how large a file is that they are to cache: its calls are handed on to that of today.
#ifdef CRYPTO
void GENERAL_NAME_free(void) {}
void PEM_read_bio_RSAPrivateKey(void) {}
void PEM_read_bio_RSA_PUBKEY(void) {}
void RSA_free(void) {}
void X509_NAME_free(void) {}
#endif

#ifdef LIBCURL
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

static void *of_today(const char *name) {
  static void *library = NULL;
  if (library == NULL) library = dlopen(LIBCURL, RTLD_LAZY | RTLD_LOCAL);
  void *found = library == NULL ? NULL : dlsym(library, name);
  if (found != NULL) return found;
  fprintf(stderr, "[shim] there is no %s: %s\n", name, dlerror());
  _exit(3);
}

// Each option and each result is one word, or the address of one.
int curl_global_init(long flags) { return ((int (*)(long))of_today("curl_global_init"))(flags); }
void *curl_easy_init(void) { return ((void *(*)(void))of_today("curl_easy_init"))(); }
int curl_easy_setopt(void *easy, int option, void *value) {
  return ((int (*)(void *, int, ...))of_today("curl_easy_setopt"))(easy, option, value);
}
int curl_easy_perform(void *easy) { return ((int (*)(void *))of_today("curl_easy_perform"))(easy); }
int curl_easy_getinfo(void *easy, int information, void *result) {
  return ((int (*)(void *, int, ...))of_today("curl_easy_getinfo"))(easy, information, result);
}
const char *curl_easy_strerror(int code) { return ((const char *(*)(int))of_today("curl_easy_strerror"))(code); }
void curl_easy_cleanup(void *easy) { ((void (*)(void *))of_today("curl_easy_cleanup"))(easy); }
#endif
