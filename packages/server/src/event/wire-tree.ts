/**
 * A message as it stands on the wire, read without a schema: what some services' records show in place of the API's own
 * names. Objects have no prototype, so that any name may be a key; their keys are in the order of the wire.
 */
export type WireTree = string | WireObject;

export interface WireObject {
  readonly [name: string]: WireTree | readonly WireTree[];
}
