import fc from 'fast-check';

/** Generators of files as people write them, for properties of the readers and patchers. */

const SIGNAL = fc.constantFrom(
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
);

/** A threshold that every kubelet accepts and arms. */
export const VALUE: fc.Arbitrary<string> = fc.oneof(
  fc.integer({ min: 1, max: 99 }).map(n => `${n}%`),
  fc.integer({ min: 1, max: 9999 }).map(n => `${n}Mi`),
  fc.constantFrom('7.25%', '1Gi', '1e3', '1500', '.5Gi', '100m'),
);

/** Thresholds by signal. */
export const HARD: fc.Arbitrary<ReadonlyMap<string, string>> = fc
  .array(fc.tuple(SIGNAL, VALUE), { maxLength: 6 })
  .map(entries => new Map(entries));

const quoted = (text: string, style: number): string =>
  style === 0 && /^\d+(%|[KMG]i)$/.test(text) ? text : style === 1 ? `'${text}'` : JSON.stringify(text);

const COMMENT = fc.constantFrom('', '', ' # c', '   # x: {y}', ' #');
const INDENT = fc.constantFrom('  ', '    ', ' ');

/** One eviction map, in block or flow style. */
function yamlMap(field: string): fc.Arbitrary<string> {
  return fc
    .tuple(HARD, fc.integer({ min: 0, max: 2 }), fc.boolean(), COMMENT, INDENT)
    .map(([map, style, flow, comment, indent]) => {
      if (flow || map.size === 0) {
        const pairs = [...map].map(([k, v]) => `${style === 2 ? `"${k}"` : k}: ${quoted(v, style)}`);
        return `${field}: {${pairs.join(', ')}}${comment}`;
      }
      const lines = [...map].map(([k, v]) => `${indent}${k}: ${quoted(v, style)}${comment}`);
      return [`${field}:${comment}`, ...lines].join('\n');
    });
}

const OTHER_LINES = fc.constantFrom(
  '# a comment',
  '',
  'port: 10250',
  'fileMode: 0644',
  'weird :   "x"   # y',
  'list: [a, "b" , {c: d}]',
  'items:\n- a\n- b: c\n  d: e',
  'nested:\n  deep:\n    deeper: {x: 1}',
  'text: |\n  one\n    two\n\n  three',
  'folded: >-\n  a\n  b',
  'featureGates: {A: true, B: false}',
  'anchor: &a {k: v}',
  'clusterDNS: [10.96.0.10]',
  'date: 2020-01-01',
  'float: 1e3',
);

/** A KubeletConfiguration in YAML: any order, styles mixed, comments, several documents, either line break. */
export const YAML_FILE: fc.Arbitrary<string> = fc
  .tuple(
    fc.uniqueArray(OTHER_LINES, {
      maxLength: 8,
      selector: line => (line.startsWith('#') || line === '' ? line : line.split(/[ :]/, 1)[0]),
    }),
    fc.option(yamlMap('evictionHard')),
    fc.option(yamlMap('evictionMinimumReclaim')),
    fc.constantFrom('\n', '\r\n'),
    fc.constantFrom('', '---\nother: document\n', '# tail\n'),
    fc.boolean(),
    fc.nat(),
  )
  .map(([lines, hard, reclaim, brk, tail, final, seed]) => {
    const parts = [...lines, ...(hard === null ? [] : [hard]), ...(reclaim === null ? [] : [reclaim])];
    // Deterministic shuffle.
    const order = parts.map((part, i) => ({ part, key: ((i + 1) * 2_654_435_761 + seed) % 1_000_003 }));
    order.sort((a, b) => a.key - b.key);
    const body = [
      'apiVersion: kubelet.config.k8s.io/v1beta1',
      'kind: KubeletConfiguration',
      ...order.map(o => o.part),
    ].join('\n');
    const text = `${body}\n${tail}`;
    return (final ? text : text.replace(/\n$/, '')).replaceAll('\n', brk);
  });

const flagOf = (map: ReadonlyMap<string, string>): string => [...map].map(([k, v]) => `${k}<${v}`).join(',');

const ARGUMENT = fc.constantFrom(
  '--v=2',
  '--kubeconfig=/etc/kubernetes/kubelet.conf',
  '"--node-labels=a=b,c=d"',
  "'--x=y z'",
  '--cgroup-driver systemd',
  '--eviction-pressure-transition-period=1m',
);

/** A kubelet unit or drop-in: variables in every quoting, continued lines, resets, comments, flags here or there. */
export const UNIT_FILE: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(
      fc.tuple(
        fc.constantFrom('A_ARGS', 'B_ARGS', 'KUBELET_EXTRA_ARGS'),
        fc.array(fc.constantFrom('--v=2', '--foo=bar', '--max-pods=5'), { maxLength: 2 }),
        fc.boolean(),
      ),
      { maxLength: 4 },
    ),
    fc.option(HARD),
    fc.integer({ min: 0, max: 3 }),
    fc.array(ARGUMENT, { maxLength: 4 }),
    fc.constantFrom(' ', ' \\\n  ', '   '),
    fc.constantFrom('', '# note\n', 'EnvironmentFile=-/etc/default/kubelet\n', 'Restart=always\n\n', 'Environment=\n'),
    fc.constantFrom('\n', '\r\n'),
    fc.boolean(),
  )
  .map(([variables, hard, where, args, gap, extra, brk, final]) => {
    const flag = hard === null ? null : `--eviction-hard=${flagOf(hard).replaceAll('%', '%%')}`;
    const lines = variables.map(([name, words, quoted], i) => {
      const value = [...words, ...(flag !== null && where === 1 && i === 0 ? [flag] : [])].join(' ');
      return quoted || value.includes(' ') ? `Environment="${name}=${value}"` : `Environment=${name}=${value}`;
    });
    const words = [...args, ...(flag !== null && where === 2 ? [flag] : []), ...variables.map(([name]) => `$${name}`)];
    const exec = where === 3 ? '' : `ExecStart=\nExecStart=${['/usr/bin/kubelet', ...words].join(gap)}\n`;
    const text = `[Unit]\nDescription=kubelet\n\n[Service]\n${extra}${lines.map(line => `${line}\n`).join('')}${exec}`;
    return (final ? text : text.replace(/\n$/, '')).replaceAll('\n', brk);
  });

/** An env file. */
export const ENV_FILE: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(
      fc.tuple(
        fc.constantFrom('KUBELET_EXTRA_ARGS', 'KUBELET_KUBEADM_ARGS', 'OTHER'),
        fc.array(fc.constantFrom('--v=2', '--a=b', '--c'), { maxLength: 3 }),
        fc.constantFrom('', '"', "'"),
      ),
      { minLength: 1, maxLength: 4 },
    ),
    fc.option(HARD),
    fc.constantFrom('', '# c\n', '\n', '; d\n'),
    fc.boolean(),
  )
  .map(([variables, hard, extra, final]) => {
    const lines = variables.map(([name, words, quote], i) => {
      const flag = hard !== null && i === 0 ? [`--eviction-hard=${flagOf(hard)}`] : [];
      return `${name}=${quote}${[...words, ...flag].join(' ')}${quote}`;
    });
    const text = `${extra}${lines.join('\n')}\n`;
    return final ? text : text.replace(/\n$/, '');
  });

/** Any text at all, and texts that nearly are one of the above. */
export const ANY_TEXT: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        'evictionHard',
        ':',
        '{',
        '}',
        '[',
        ']',
        '"',
        "'",
        '\n',
        ' ',
        '%',
        '%%',
        '\\',
        '$',
        '=',
        '<',
        ',',
        'nodefs.available',
        '5',
        '&a',
        '*a',
        '- ',
        '|',
        '#',
        'Environment=',
        'ExecStart=',
        '[Service]',
        '---',
        '--eviction-hard=',
        '__proto__',
        '<<: ',
        '\u0000',
        'kind: KubeletConfiguration\n',
        'KUBELET_EXTRA_ARGS=',
        '[settings.kubernetes.eviction-hard]\n',
        'kubelet-arg:',
      ),
      { maxLength: 25 },
    )
    .map(parts => parts.join('')),
  fc.tuple(fc.oneof(YAML_FILE, UNIT_FILE, ENV_FILE), fc.nat(), fc.string({ maxLength: 2 })).map(([text, at, junk]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + junk + text.slice(place + (at % 3));
  }),
);
