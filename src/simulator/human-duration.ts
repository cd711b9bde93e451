const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

// Up to the limit, the duration is shown in `unit` and, where there is one, the rest in `minor`.
const STEPS = [
  { below: 2 * MINUTE, unit: SECOND, sign: 's' },
  { below: 10 * MINUTE, unit: MINUTE, sign: 'm', minor: SECOND, minorSign: 's' },
  { below: 3 * HOUR, unit: MINUTE, sign: 'm' },
  { below: 8 * HOUR, unit: HOUR, sign: 'h', minor: MINUTE, minorSign: 'm' },
  { below: 2 * DAY, unit: HOUR, sign: 'h' },
  { below: 8 * DAY, unit: DAY, sign: 'd', minor: HOUR, minorSign: 'h' },
  { below: 2 * YEAR, unit: DAY, sign: 'd' },
  { below: 8 * YEAR, unit: YEAR, sign: 'y', minor: DAY, minorSign: 'd' },
  { below: Infinity, unit: YEAR, sign: 'y' },
];

/**
 * A duration as the columns of the API server show it: at most two units, coarser the longer it is
 * (apimachinery/pkg/util/duration). A little below zero is `0s`, more is `<invalid>`.
 *
 * @param ms milliseconds
 */
export function humanDuration(ms: number): string {
  if (ms <= -2 * SECOND) return '<invalid>';
  if (ms < 0) return '0s';
  const step = STEPS.find(({ below }) => ms < below);
  if (step === undefined) return '<unknown>';
  const text = `${Math.floor(ms / step.unit)}${step.sign}`;
  if (step.minor === undefined) return text;
  const rest = Math.floor((ms % step.unit) / step.minor);
  return rest === 0 ? text : `${text}${rest}${step.minorSign}`;
}
