import type { Command } from '../command.ts';

/** The shells there is a script for. */
export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;

/** `completion`: a script that makes a shell complete this program's words. */
export const completionCommand: Command = {
  name: 'completion',
  summary: 'a script that completes commands, flags and names in bash, zsh, fish or PowerShell',
  usage: 'completion (bash|zsh|fish|powershell) [flags]',
  description: [
    'Prints a script that completes the words of the executable: commands, flags and their values, contexts of the kubeconfig, and nodes, namespaces and pods of the cluster (within 2 seconds, and silently when it does not answer). No cluster is asked by printing it.',
    'For "kubectl evict <TAB>" kubectl 1.26 or later with its own completion is needed, and the file kubectl_complete-evict on the PATH, which comes with this program; this script is not.',
  ],
  examples: [
    {
      line: 'completion bash > ~/.local/share/bash-completion/completions/kubectl-evict',
      does: 'bash, with bash-completion',
    },
    { line: 'completion zsh > ~/.zfunc/_kubectl-evict', does: 'zsh, into a folder of fpath, before compinit' },
    { line: 'completion fish > ~/.config/fish/completions/kubectl-evict.fish', does: 'fish' },
    { line: 'completion powershell > evict.ps1', does: 'PowerShell; let $PROFILE run that file' },
  ],
  maxPositionals: 1,
  completes: SHELLS,
  flags: [],
  connects: false,
  load: async () => (await import('../completion/command.ts')).completionBody,
};
