import { type CallOptions, gatewayDefinitionFromProto } from '@flink-ts/rpc'

/** Every kind of field that messages use. */
export const TEST_PROTO = `
syntax = "proto3";
package test;

enum Color { RED = 0; GREEN = 1; DARK_BLUE = 7; }

message Point { int32 x = 1; int32 y = 2; }

message Everything {
  string text = 1;
  bool flag = 2;
  int32 small = 3;
  int64 big = 4;
  double ratio = 5;
  bytes data = 6;
  Color color = 7;
  Point point = 8;
  optional string maybe_text = 9;
  optional Point maybe_point = 10;
  optional int64 maybe_big = 11;
  repeated Point points = 12;
  repeated Color colors = 13;
  map<string, int64> counts = 14;
  map<string, Point> places = 15;
  oneof shape { Point dot = 16; string label = 17; }
}

message Text { string text = 1; }
message Node { repeated Node children = 1; }

service TestGateway {
  rpc Echo(Everything) returns (Everything);
  rpc Say(Text) returns (Text);
  rpc Grow(Node) returns (Node);
}
service WiderGateway {
  rpc Say(Text) returns (Text);
  rpc Unheard(Text) returns (Text);
}
`

export interface Point {
  x: number
  y: number
}

export interface Everything {
  text: string
  flag: boolean
  small: number
  big: number
  ratio: number
  data: Uint8Array
  color: 'RED' | 'GREEN' | 'DARK_BLUE'
  point: Point
  maybeText?: string
  maybePoint?: Point
  maybeBig?: number
  points: Point[]
  colors: Array<Everything['color']>
  counts: Record<string, number>
  places: Record<string, Point>
  dot?: Point
  label?: string
}

export interface Text {
  text: string
}

export interface TreeNode {
  children: TreeNode[]
}

export interface TestGateway {
  echo(request: Everything, options?: CallOptions): Promise<Everything>
  say(request: Text, options?: CallOptions): Promise<Text>
  grow(request: TreeNode, options?: CallOptions): Promise<TreeNode>
}

export interface WiderGateway {
  say(request: Text, options?: CallOptions): Promise<Text>
  unheard(request: Text, options?: CallOptions): Promise<Text>
}

export const TEST_GATEWAY = gatewayDefinitionFromProto<TestGateway>(TEST_PROTO, 'test.TestGateway')
export const WIDER_GATEWAY = gatewayDefinitionFromProto<WiderGateway>(
  TEST_PROTO,
  'test.WiderGateway',
)

/** A gateway with a settable function per method. */
export class TestingGateway implements TestGateway {
  echoFunction: TestGateway['echo'] = async (request) => request
  sayFunction: TestGateway['say'] = async (request) => request
  growFunction: TestGateway['grow'] = async (request) => request

  echo(request: Everything): Promise<Everything> {
    return this.echoFunction(request)
  }

  say(request: Text): Promise<Text> {
    return this.sayFunction(request)
  }

  grow(request: TreeNode): Promise<TreeNode> {
    return this.growFunction(request)
  }
}

/** A valid message with every kind of field set. */
export function everything(overrides: Partial<Everything> = {}): Everything {
  return {
    text: 'grün',
    flag: true,
    small: -7,
    big: Number.MAX_SAFE_INTEGER,
    ratio: 0.25,
    data: new Uint8Array([0, 255, 7]),
    color: 'DARK_BLUE',
    point: { x: 1, y: -1 },
    maybeText: '',
    maybePoint: { x: 0, y: 0 },
    maybeBig: 0,
    points: [{ x: 1, y: 2 }],
    colors: ['GREEN', 'RED'],
    counts: { a: 1, 'b c': -5 },
    places: { here: { x: 3, y: 4 } },
    label: 'l',
    ...overrides,
  }
}
