import type { SHELLS } from '../definitions/completion.ts';

/** A shell there is a script for. */
export type Shell = (typeof SHELLS)[number];

/**
 * The completion script of a shell, for the executable behind the program's name: `kubectl evict` is `kubectl-evict`. It asks
 * `EXECUTABLE __complete WORDS...` at each completion, and runs nothing that it is answered.
 */
export function completionScript(shell: Shell, program: string): string {
  const [first = '', ...rest] = program.split(' ');
  // kubectl turns dashes of a plugin's name into underscores of its file's name.
  const name = rest.length === 0 ? first : `${first}-${rest.join('-').replaceAll('-', '_')}`;
  const executable = /^[\w.-]+$/.test(name) ? name : 'kubectl-evict';
  return SCRIPTS[shell](executable, executable.replaceAll(/\W/g, '_'));
}

const SCRIPTS: Readonly<Record<Shell, (executable: string, id: string) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
};

/** For bash 3.2 and later, with or without bash-completion. */
function bashScript(executable: string, id: string): string {
  return `# Completion of ${executable} in bash.
_${id}() {
    local program=$1 rest=\${COMP_LINE:0:COMP_POINT} words=() count=0 i word
    # Readline splits at = : @ and the like as well as at blanks: put together again what no blank divides.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=\${COMP_WORDS[i]}
        if [[ $count -eq 0 || $rest == [[:space:]]* ]]; then
            rest=\${rest#"\${rest%%[![:space:]]*}"}
            words[count++]=
        fi
        # Of the last word, what stands before the cursor.
        [[ $i -eq $COMP_CWORD ]] && word=$rest
        words[count - 1]+=$word
        rest=\${rest#"$word"}
    done

    [[ $program == '~/'* ]] && program=$HOME\${program:1}
    # An alias, say.
    type -P -- "$program" >/dev/null || program=${executable}

    local current=\${words[count - 1]} line lines=() directive=0
    while IFS= read -r line; do
        lines+=("\${line%%$'\\t'*}")
    done < <("$program" __completeNoDesc "\${words[@]:1}" 2>/dev/null </dev/null)
    [[ \${#lines[@]} -gt 0 ]] || return 0
    line=\${lines[\${#lines[@]} - 1]}
    [[ $line =~ ^:[0-9]+$ ]] && directive=\${line#:}

    [[ $current == -*=* ]] && current=\${current#*=}
    # Readline replaces only what follows the last of its break characters.
    local kept=$current
    while [[ -n $kept && $COMP_WORDBREAKS != *"\${kept:\${#kept}-1:1}"* ]]; do
        kept=\${kept%?}
    done
    # But it takes an @ with what follows.
    kept=\${kept%@}
    COMPREPLY=()
    for line in "\${lines[@]}"; do
        [[ $line != :* && $line == "$current"* ]] && COMPREPLY+=("\${line#"$kept"}")
    done
    if type compopt >/dev/null 2>&1; then
        ((directive & 4)) && compopt +o default
        ((directive & 2)) && compopt -o nospace
    fi
    return 0
}
complete -o default -F _${id} ${executable}
`;
}

function zshScript(executable: string, id: string): string {
  return `#compdef ${executable}
# Completion of ${executable} in zsh.
_${id}() {
    local program=\${(Q)words[1]} line text about
    local -a typed lines described ends
    local -i directive=0
    program=\${program/#\\~\\//$HOME/}
    whence -p -- "$program" >/dev/null || program=${executable}

    typed=("\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}")
    lines=("\${(@f)$("$program" __complete "\${typed[@]}" 2>/dev/null </dev/null)}")
    for line in "\${lines[@]}"; do
        if [[ $line == :<-> ]]; then
            directive=\${line#:}
        elif [[ -n $line ]]; then
            text=\${line%%$'\\t'*}
            about=
            [[ $line == *$'\\t'* ]] && about=\${line#*$'\\t'}
            described+=("\${text//:/\\\\:}\${about:+:$about}")
        fi
    done

    # Behind --flag= only the value is completed.
    [[ $PREFIX == -*=* ]] && compset -P '*='
    ((directive & 2)) && ends=(-S '')
    if ((\${#described})); then
        _describe -t words word described "\${ends[@]}"
    elif ((!(directive & 4))); then
        _files
    fi
}
if [[ \${funcstack[1]-} == _${executable} ]]; then
    # Found in fpath, and called at once.
    _${id} "$@"
else
    compdef _${id} ${executable}
fi
`;
}

function fishScript(executable: string, id: string): string {
  return `# Completion of ${executable} in fish.
function __${id}_complete
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    set -l program $typed[1]
    type -q -- "$program"; or set program ${executable}
    set -l answer (command $program __complete $typed[2..-1] "$current" 2>/dev/null </dev/null)
    set -q answer[1]; or return
    set -l directive (string replace -r '^:' '' -- $answer[-1])
    # Candidates are values; fish wants the whole word.
    set -l head (string match -r -- '^-[^=]*=' "$current")
    if set -q answer[2]
        for line in $answer[1..-2]
            echo -- "$head$line"
        end
    else if test "$directive" = 0
        for path in (__fish_complete_path (string replace -- "$head" '' "$current"))
            echo -- "$head$path"
        end
    end
end
complete -c ${executable} -f -k -a '(__${id}_complete)'
`;
}

/** For Windows PowerShell 5 and later. */
function powershellScript(executable: string, id: string): string {
  return `# Completion of ${executable} in PowerShell.
$__${id}_complete = {
    param($word, $ast, $cursor)
    $elements = @($ast.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursor })
    $texts = @($elements | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
    })
    # With the cursor behind a blank, nothing of the last word is typed yet.
    $last = ''
    if ($texts.Count -gt 1 -and $elements[-1].Extent.EndOffset -ge $cursor) {
        $last = $texts[-1]
        $texts = @($texts | Select-Object -First ($texts.Count - 1))
    }
    $program = $texts[0]
    if (-not (Get-Command $program -CommandType Application -ErrorAction SilentlyContinue)) { $program = '${executable}' }
    $typed = @($texts | Select-Object -Skip 1)
    # An empty argument would be lost on its way to a program.
    $lines = @(& $program __complete "--last=$last" @typed 2>$null)
    if ($lines.Count -eq 0) { return }
    $directive = 0
    if ($lines[-1] -match '^:(\\d+)$') { $directive = [int]$Matches[1] }
    $head = ''
    if ($last -match '^(-[^=]*=)') { $head = $Matches[1] }
    $end = if ($directive -band 2) { '' } else { ' ' }
    $found = @($lines | Select-Object -First ($lines.Count - 1) | ForEach-Object {
        $text, $about = $_ -split "\`t", 2
        if (-not $about) { $about = $text }
        if ("$head$text".StartsWith($last)) {
            [System.Management.Automation.CompletionResult]::new("$head$text$end", $text, 'ParameterValue', $about)
        }
    })
    # Without an answer PowerShell offers files, which are wanted only where files belong.
    if ($found.Count -gt 0) { $found } elseif ($directive -band 4) { '' }
}
Register-ArgumentCompleter -Native -CommandName '${executable}', '${executable}.exe' -ScriptBlock $__${id}_complete
`;
}
