import type { IBufferCell, Terminal } from '@xterm/headless';

const WIDTH = 8.4;
const HEIGHT = 18;
const FONT = 14;
const MARGIN = 14;
const BAR = 30;

const BACK = '#14171c';
const FORE = '#d3d7de';
/** The 16 colours of the picture, dark first. */
const COLORS: readonly string[] = [
  '#1c2027',
  '#ff6b6b',
  '#8fd18a',
  '#f2c55c',
  '#7aa7f0',
  '#c792ea',
  '#6cc7d9',
  '#d3d7de',
  '#5b6472',
  '#ff8f8f',
  '#a9e0a5',
  '#ffd983',
  '#9dc0ff',
  '#dab3f5',
  '#93dcea',
  '#ffffff',
];

interface Look {
  readonly fore: string;
  readonly back: string | null;
  readonly bold: boolean;
  readonly opacity: number;
}

function lookOf(cell: IBufferCell): Look {
  const fore = cell.isFgPalette() ? (COLORS[cell.getFgColor()] ?? FORE) : FORE;
  const bold = cell.isBold() !== 0;
  const opacity = cell.isDim() !== 0 ? 0.55 : 1;
  if (cell.isInverse() !== 0) return { fore: BACK, back: fore, bold, opacity: 1 };
  return { fore: bold && fore === FORE ? '#ffffff' : fore, back: null, bold, opacity };
}

/** Signs that must meet their neighbours are drawn, not written: fonts disagree about them. */
function drawn(sign: string, x: number, y: number, look: Look): string | null {
  const box = (dx: number, dy: number, w: number, h: number, opacity = look.opacity): string =>
    `<rect x="${round(x + dx)}" y="${round(y + dy)}" width="${round(w)}" height="${round(h)}" fill="${look.fore}" opacity="${opacity}"/>`;
  const spark = '▁▂▃▄▅▆▇█'.indexOf(sign);
  switch (sign) {
    case '▇':
      return box(0.4, 3.5, WIDTH - 0.8, HEIGHT - 6);
    case '░':
      return box(0.4, 3.5, WIDTH - 0.8, HEIGHT - 6, 0.16);
    case '│':
      return box(WIDTH / 2 - 0.8, 0, 1.6, HEIGHT, look.opacity === 1 ? 1 : 0.35);
    case '┆':
      return [0, 5, 10, 15].map(dy => box(WIDTH / 2 - 0.8, dy, 1.6, 3)).join('');
    case '─':
      return box(0, HEIGHT / 2, WIDTH, 1, 0.35);
    default:
      if (spark < 0) return null;
      return box(0.6, HEIGHT - 2 - (spark + 1) * 1.8, WIDTH - 1.2, (spark + 1) * 1.8);
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The screen of a terminal as a picture, in a window with a title. */
export function svgOf(terminal: Terminal, title: string): string {
  const width = terminal.cols * WIDTH + 2 * MARGIN;
  const height = terminal.rows * HEIGHT + BAR + MARGIN;
  const parts: string[] = [];
  for (let row = 0; row < terminal.rows; row += 1) parts.push(rowOf(terminal, row));
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (color, i) => `<circle cx="${20 + i * 18}" cy="16" r="5.5" fill="${color}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${round(height)}" width="${round(width)}" height="${round(height)}" role="img" aria-label="${escaped(title)}">
<rect width="100%" height="100%" rx="8" fill="${BACK}"/>
${dots.join('')}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT}" xml:space="preserve">
<text x="${round(width / 2)}" y="20" fill="#8b93a1" text-anchor="middle" font-size="12">${escaped(title)}</text>
${parts.filter(part => part !== '').join('\n')}
</g>
</svg>
`;
}

function rowOf(terminal: Terminal, row: number): string {
  const line = terminal.buffer.active.getLine(row);
  const y = BAR + row * HEIGHT;
  const out: string[] = [];
  let run: { text: string; cells: number; x: number; look: Look } | null = null;
  const flush = (): void => {
    if (run === null) return;
    const { text, cells, x, look } = run;
    run = null;
    if (look.back !== null) {
      out.push(
        `<rect x="${round(x)}" y="${y}" width="${round(cells * WIDTH)}" height="${HEIGHT}" fill="${look.back}"/>`,
      );
    }
    if (text.trim() === '') return;
    const trimmed = text.trimEnd();
    const lead = text.length - text.trimStart().length;
    const length = round((trimmed.length - lead) * WIDTH);
    const style = `${look.bold ? ' font-weight="600"' : ''}${look.opacity < 1 ? ` opacity="${look.opacity}"` : ''}`;
    out.push(
      `<text x="${round(x + lead * WIDTH)}" y="${y + 13.5}" fill="${look.fore}"${style} textLength="${length}" lengthAdjust="spacingAndGlyphs">${escaped(trimmed.trimStart())}</text>`,
    );
  };
  for (let column = 0; column < terminal.cols; column += 1) {
    const cell = line?.getCell(column);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const sign = cell.getChars() || ' ';
    const look = lookOf(cell);
    const x = MARGIN + column * WIDTH;
    const picture = drawn(sign, x, y, look);
    if (picture !== null) {
      flush();
      out.push(picture);
      continue;
    }
    const current = run as { text: string; cells: number; x: number; look: Look } | null;
    if (current !== null && sameLook(current.look, look)) {
      current.text += sign;
      current.cells += 1;
      continue;
    }
    flush();
    run = { text: sign, cells: 1, x, look };
  }
  flush();
  return out.join('');
}

function sameLook(a: Look, b: Look): boolean {
  return a.fore === b.fore && a.back === b.back && a.bold === b.bold && a.opacity === b.opacity;
}
