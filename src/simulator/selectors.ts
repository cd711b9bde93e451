import type { Resource } from './resources.ts';
import { badRequest } from './status.ts';
import type { StoredObject } from './stored-object.ts';

/** Decides whether an object is selected. */
export type Selector = (object: StoredObject) => boolean;

/** The selectors of a request together; undefined when it has none, so that everything is selected. */
export function parseSelectors(resource: Resource, query: URLSearchParams): Selector | undefined {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(resource, query.get('fieldSelector') ?? '');
  if (labels === undefined || fields === undefined) return labels ?? fields;
  return object => fields(object) && labels(object);
}

/**
 * A field selector: `a=b`, `a==b`, `a!=b`, joined by commas, all of which must hold; `\` escapes.
 *
 * @throws ApiFailure 400 for a label that the resource does not have, or a term that is none
 */
export function parseFieldSelector(resource: Resource, text: string): Selector | undefined {
  const terms = splitEscaped(text).filter(term => term !== '');
  if (terms.length === 0) return undefined;
  const requirements = terms.map(term => {
    const match = /^([^=!]*?)(==|!=|=)(.*)$/s.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, label = '', operator, value = ''] = match;
    checkLabel(resource, label);
    const wanted = value.replaceAll(/\\([\\,=])/g, '$1');
    return { label, wanted, equal: operator !== '!=' };
  });
  return object => requirements.every(({ label, wanted, equal }) => (object.field(label) === wanted) === equal);
}

function checkLabel(resource: Resource, label: string): void {
  if (label === 'metadata.name' || resource.selectable.includes(label)) return;
  if (label === 'metadata.namespace' && resource.namespaced) return;
  if (resource.genericFieldLabels) {
    throw badRequest(`"${label}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
  }
  throw badRequest(`field label not supported: ${label}`);
}

function splitEscaped(text: string): string[] {
  return text.match(/(?:\\.|[^,\\])+/gs) ?? [];
}

interface LabelRequirement {
  readonly key: string;
  readonly test: (value: string | undefined) => boolean;
}

/**
 * A label selector in the API's syntax: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
 *
 * @throws ApiFailure 400 when it cannot be parsed
 */
export function parseLabelSelector(text: string): Selector | undefined {
  if (text.trim() === '') return undefined;
  const tokens = text.match(/==|!=|=|[(),!]|[^\s(),!=]+/g) ?? [];
  const requirements: LabelRequirement[] = [];
  let at = 0;
  const next = () => tokens[at++];
  while (at < tokens.length) {
    requirements.push(parseRequirement(next));
    const separator = next();
    if (separator !== undefined && separator !== ',')
      throw unparsable(`found '${separator}', expected: ',' or 'end of string'`);
    if (separator === ',' && at >= tokens.length) throw unparsable(`found '', expected: identifier after ','`);
  }
  return object => {
    const labels = object.metadata.labels ?? {};
    return requirements.every(({ key, test }) => test(Object.hasOwn(labels, key) ? labels[key] : undefined));
  };

  function parseRequirement(take: () => string | undefined): LabelRequirement {
    const first = take();
    if (first === '!') return { key: identifier(take()), test: value => value === undefined };
    const key = identifier(first);
    const operator = tokens[at];
    if (operator === undefined || operator === ',') return { key, test: value => value !== undefined };
    at += 1;
    return { key, test: labelTest(operator, take) };
  }
}

function labelTest(operator: string, take: () => string | undefined): LabelRequirement['test'] {
  if (operator === 'in' || operator === 'notin') {
    const values = valueSet(take);
    const inside = operator === 'in';
    return value => (value !== undefined && values.has(value)) === inside;
  }
  if (operator !== '=' && operator !== '==' && operator !== '!=') {
    throw unparsable(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
  }
  const wanted = identifier(take());
  return value => (value === wanted) === (operator !== '!=');
}

function valueSet(take: () => string | undefined): ReadonlySet<string> {
  const open = take();
  if (open !== '(') throw unparsable(`found '${open ?? ''}' expected: '('`);
  const values = new Set<string>();
  for (;;) {
    values.add(identifier(take()));
    const separator = take();
    if (separator === ')') return values;
    if (separator !== ',') throw unparsable(`found '${separator ?? ''}', expected: ',' or ')'`);
  }
}

function identifier(token: string | undefined): string {
  if (token === undefined || /^[(),!=]/.test(token)) {
    throw unparsable(`found '${token ?? ''}', expected: identifier`);
  }
  return token;
}

function unparsable(what: string) {
  return badRequest(`unable to parse requirement: ${what}`);
}
