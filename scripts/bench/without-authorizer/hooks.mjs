/**
 * For `node --import …/register.mjs`: the server's authorizer is replaced by one that allows everything without looking.
 * This is how the bench measures what authorization costs. The product has no such switch: whoever can choose what else
 * a process loads can do anything with it as it is.
 */
const AUTHORIZER = /\/packages\/server\/dist\/access\/authorizer\.js$/;
const ALLOWED = `{ allowed: true, message: '' }`;

export async function load(url, context, next) {
  if (!AUTHORIZER.test(url)) return next(url, context);
  const source = `export * from ${JSON.stringify(`${url}?as-built`)};
    export const createAuthorizer = () => ({ decide: async () => (${ALLOWED}), require: async () => {} });`;
  return { format: 'module', source, shortCircuit: true };
}
