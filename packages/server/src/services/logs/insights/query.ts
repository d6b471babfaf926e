/** A query of Logs Insights as data. */
export interface Query {
  readonly commands: readonly Command[];
}

export type Command =
  | { readonly kind: 'fields' | 'display'; readonly columns: readonly Column[] }
  | { readonly kind: 'filter'; readonly where: Expression }
  | {
      readonly kind: 'parse';
      readonly from: string;
      readonly regex: string;
      readonly flags: string;
      readonly as: readonly string[];
    }
  | { readonly kind: 'stats'; readonly columns: readonly Aggregate[]; readonly by: readonly Column[] }
  | { readonly kind: 'sort'; readonly by: readonly { readonly key: Expression; readonly descending: boolean }[] }
  | { readonly kind: 'dedup'; readonly fields: readonly string[] }
  | { readonly kind: 'limit'; readonly count: number };

export interface Column {
  readonly value: Expression;
  readonly name: string;
}

export interface Aggregate {
  readonly name: string;
  readonly function: string;
  /** Absent in `count(*)`. */
  readonly argument?: Expression;
  /** Of `pct`. */
  readonly parameter?: number;
}

export type Expression =
  | { readonly kind: 'constant'; readonly value: string | number | boolean }
  | { readonly kind: 'field'; readonly name: string }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly arguments: readonly Expression[];
      readonly position: number;
    }
  | { readonly kind: 'not' | 'minus'; readonly inner: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'like'; readonly left: Expression; readonly text: string }
  | { readonly kind: 'matches'; readonly left: Expression; readonly regex: string; readonly flags: string }
  | { readonly kind: 'in'; readonly left: Expression; readonly list: readonly Expression[] };

export type BinaryOperator = 'or' | 'and' | '=' | '!=' | '<' | '>' | '<=' | '>=' | '+' | '-' | '*' | '/' | '%' | '^';
