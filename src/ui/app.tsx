import { Box, Text, useApp, useInput } from 'ink';
import { memo, type ReactNode, useEffect, useSyncExternalStore } from 'react';
import { keysOf } from './keys.ts';
import type { Session } from './session.ts';

/** What the application asks of the terminal that holds it. */
export interface AppProps {
  readonly session: Session;
  /** Receives what hands the terminal to somebody else until the callback is done. */
  readonly onReady: (lend: (use: () => Promise<void>) => Promise<void>) => void;
}

/** The whole screen: what the session paints, a line each; what is typed goes to the session. */
export function App({ session, onReady }: AppProps): ReactNode {
  const lines = useSyncExternalStore(session.subscribe, session.lines);
  const { suspendTerminal } = useApp();
  useInput((input, key) => session.press(keysOf(input, key)));
  useEffect(() => onReady(suspendTerminal), [onReady, suspendTerminal]);
  return (
    <Box flexDirection="column" height={lines.length}>
      {lines.map((line, row) => (
        // The row is what identifies a line of a screen.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <Row key={row} line={line} />
      ))}
    </Box>
  );
}

const Row = memo(
  ({ line }: { readonly line: string }): ReactNode => <Text wrap="truncate">{line === '' ? ' ' : line}</Text>,
);
Row.displayName = 'Row';
