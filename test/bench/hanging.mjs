// npm run bench:hanging: `status --all` on 500 simulated nodes of which 50 kubelets never answer. The figure to read is the
// wall time in kubelet time-outs; the peer is the same cluster with nobody hanging.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from './lib.mjs';

const program = fileURLToPath(new URL('../../dist/kubectl-evict.js', import.meta.url));
const TIMEOUT_S = 5;

async function measure(hanging) {
  const dir = mkdtempSync(join(tmpdir(), 'evict-bench-'));
  const cluster = await serve('generated', 500, 15_000, 1000, hanging);
  try {
    const kubeconfig = join(dir, 'kubeconfig');
    writeFileSync(kubeconfig, cluster.kubeconfigs.admin);
    const start = performance.now();
    const args = [
      program,
      'status',
      '--all',
      '-ojson',
      '--kubelet-timeout',
      `${TIMEOUT_S}s`,
      '--kubeconfig',
      kubeconfig,
    ];
    const tell = 'process.on("exit",()=>process.stderr.write(String(process.resourceUsage().maxRSS)))';
    const node = [process.execPath, '--import', `data:text/javascript,${tell}`];
    const done = spawnSync(node[0], [...node.slice(1), ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
    const wall = (performance.now() - start) / 1000;
    const { summary } = JSON.parse(done.stdout);
    const { requests, peakSockets, busy } = await cluster.ask('stats');
    const peakMb = Number(done.stderr) / 1024;
    return { wall, peakMb, unreadable: summary.unreadable, requests, peakSockets, busy };
  } finally {
    await cluster.close();
    rmSync(dir, { recursive: true });
  }
}

for (const hanging of [0, 50]) {
  const { wall, peakMb, unreadable, requests, peakSockets, busy } = await measure(hanging);
  process.stdout.write(
    `500 nodes, ${hanging} hanging: ${wall.toFixed(2)} s = ${(wall / TIMEOUT_S).toFixed(2)} kubelet time-outs; ` +
      `${unreadable} unreadable, ${requests} requests, at most ${peakSockets} sockets, peak memory ${peakMb.toFixed(0)} MB, simulator busy ${(busy * 100).toFixed(0)} %\n`,
  );
}
