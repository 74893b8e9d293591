"""Prints what a shell needs to complete the command line."""

import argparse
from typing import Any

from apppw_tui.arguments import parser
from apppw_tui.arguments.words import path
from apppw_tui.commands import candidates
from apppw_tui.commands.output import print_lines
from apppw_tui.exit_codes import OK

_FOLDERS = ("DIR", "PATH")
# What an argument stands for, by the word for its value.
_KINDS = {
    "ACCOUNT": candidates.ACCOUNTS,
    "NAME-OR-ID": candidates.APP_PASSWORDS,
    "SCOPE": candidates.SCOPES,
    "SERVICE": candidates.SERVICES,
    "WHEN": candidates.ENDS,
    "COMMAND": candidates.COMMANDS,
}
_BASH = """\
_apppw_tui_ask() {
  command apppw-tui complete "$1" bash "$2" "${COMP_WORDS[@]:0:COMP_CWORD}" 2>/dev/null
}
"""
# Bash parts words at each @ and : and =, which names have and options may: they are joined again,
# and of what comes of it, readline is told the part that it takes for the word.
_BASH_JOINS = """\
_apppw_tui_joined() {
  local words=() word glued='' i line=${COMP_LINE:0:COMP_POINT} rest cut
  for (( i = 0; i <= COMP_CWORD; i++ )); do
    word=${COMP_WORDS[i]}
    rest=${line#"${line%%[![:space:]]*}"}
    if [[ $i -gt 0 && $rest == "$line" && ( $word == [@:=]* || $glued ) ]]; then
      words[${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
    glued=''
    [[ $word == *[@:=] ]] && glued=1
    line=${rest#"$word"}
  done
  local COMP_WORDS=() COMP_CWORD
  for word in "${words[@]}"; do
    if [[ $word == --*=* ]]; then
      COMP_WORDS+=("${word%%=*}" "${word#*=}")
    else
      COMP_WORDS+=("$word")
    fi
  done
  COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
  word=${COMP_WORDS[COMP_CWORD]}
  _shtab_apppw_tui "$1" "$word" "${COMP_WORDS[COMP_CWORD-1]}"
  cut=${COMP_WORDBREAKS//[!@:=]}
  if [[ $cut && $word == *[$cut]* ]]; then
    cut=${word%"${word##*[$cut]}"}
    COMPREPLY=("${COMPREPLY[@]#"${cut%@}"}")  # readline counts an @ to what follows it
  fi
}
complete -o bashdefault -F _apppw_tui_joined apppw-tui
"""
_ZSH = """\
_apppw_tui_ask() {
  local -a before lines
  local line
  before=(${(Q)${(z)LBUFFER}})
  [[ -n $PREFIX ]] && before=(${before[1,-2]})
  for line in ${(f)"$(command apppw-tui complete $1 zsh "${(Q)PREFIX}" $before 2>/dev/null)"}; do
    lines+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
  done
  _describe -t $1 ${1//-/ } lines
}
"""
_FISH = """\
function _apppw_tui_ask
  set -l word (commandline -ct)
  command apppw-tui complete $argv[1] fish "$word" (commandline -opc) 2>/dev/null
end
"""


def completion(options: argparse.Namespace) -> int:
    """Nothing of the store is in it: names are asked for when somebody completes one."""
    import shtab

    top = parser()
    for action in _actions(top):
        kind = None if action.choices else _KINDS.get(str(action.metavar))
        complete: Any = None
        if kind is not None:
            name = _named(kind)
            complete = {"bash": name, "zsh": name, "fish": f"(_apppw_tui_ask {kind})"}
        elif action.type is path or action.metavar == "FILE":
            complete = shtab.DIRECTORY if action.metavar in _FOLDERS else shtab.FILE
        if complete is not None:
            action.complete = complete  # type: ignore[attr-defined]  # where shtab looks for it
    functions = [f'{_named(kind)}() {{ _apppw_tui_ask {kind} "$1"; }}' for kind in candidates.KINDS]
    preamble = {
        "bash": "\n".join([_BASH, *functions, ""]),
        "zsh": "\n".join([_ZSH, *functions, ""]),
        "fish": _FISH,
    }
    print_lines(shtab.complete(top, options.shell, preamble=preamble[options.shell]).rstrip())
    if options.shell == "bash":
        print_lines(_BASH_JOINS.rstrip())
    return OK


def _named(kind: str) -> str:
    """The function of a script that asks for words of that kind."""
    return f"_apppw_tui_{kind.replace('-', '_')}"


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Those of the parser and of every command below it; argparse has no public way to ask."""
    actions = []
    for action in parser._actions:
        actions.append(action)
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                actions += _actions(below)
    return actions
