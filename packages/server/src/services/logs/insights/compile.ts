import { FUNCTIONS, floorTo } from './functions.ts';
import type { BinaryOperator, Expression } from './query.ts';
import type { Row } from './row.ts';
import { compare, isPresent, numberOf, textOf, truthOf, type Value } from './values.ts';

export type Evaluate = (row: Row) => Value;

/** An expression as a function over rows. What is not there makes comparisons false and results absent. */
export function compile(expression: Expression): Evaluate {
  switch (expression.kind) {
    case 'constant': {
      const { value } = expression;
      return () => value;
    }
    case 'field': {
      const { name } = expression;
      return (row) => row.get(name);
    }
    case 'not': {
      const inner = compile(expression.inner);
      return (row) => !truthOf(inner(row));
    }
    case 'minus': {
      const inner = compile(expression.inner);
      return (row) => {
        const value = numberOf(inner(row));
        return value === undefined ? undefined : -value;
      };
    }
    case 'binary':
      return compileBinary(expression.operator, compile(expression.left), compile(expression.right));
    case 'like': {
      const left = compile(expression.left);
      return (row) => textOf(left(row)).includes(expression.text);
    }
    case 'matches': {
      const left = compile(expression.left);
      const regex = new RegExp(expression.regex, expression.flags);
      return (row) => {
        const value = left(row);
        return isPresent(value) && regex.test(textOf(value));
      };
    }
    case 'in': {
      const left = compile(expression.left);
      const list = expression.list.map(compile);
      return (row) => {
        const value = left(row);
        return isPresent(value) && list.some((item) => equals(value, item(row)));
      };
    }
    case 'call':
      return compileCall(expression.name, expression.arguments.map(compile));
  }
}

function compileCall(name: string, args: readonly Evaluate[]): Evaluate {
  if (name === 'bin') {
    return (row) => {
      const ms = numberOf(row.get('@timestamp'));
      return ms === undefined ? undefined : floorTo(ms, textOf(args[0]!(row)));
    };
  }
  const { call } = FUNCTIONS[name]!;
  return (row) => call(args.map((arg) => arg(row)));
}

const equals = (a: Value, b: Value): boolean => isPresent(a) && isPresent(b) && compare(a, b) === 0;

const COMPARE: Readonly<Partial<Record<BinaryOperator, (order: number) => boolean>>> = {
  '=': (order) => order === 0,
  '<': (order) => order < 0,
  '>': (order) => order > 0,
  '<=': (order) => order <= 0,
  '>=': (order) => order >= 0,
};
const CALCULATE: Readonly<Partial<Record<BinaryOperator, (a: number, b: number) => number>>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': (a, b) => a ** b,
};

function compileBinary(operator: BinaryOperator, left: Evaluate, right: Evaluate): Evaluate {
  if (operator === 'or') return (row) => truthOf(left(row)) || truthOf(right(row));
  if (operator === 'and') return (row) => truthOf(left(row)) && truthOf(right(row));
  if (operator === '!=') return (row) => !equals(left(row), right(row));
  const holds = COMPARE[operator];
  if (holds) {
    return (row) => {
      const [a, b] = [left(row), right(row)];
      return isPresent(a) && isPresent(b) && holds(compare(a, b));
    };
  }
  const calculate = CALCULATE[operator]!;
  return (row) => {
    const [a, b] = [numberOf(left(row)), numberOf(right(row))];
    if (a === undefined || b === undefined) return undefined;
    const result = calculate(a, b);
    return Number.isFinite(result) ? result : undefined;
  };
}
