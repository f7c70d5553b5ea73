# Completion of astsync in bash (4.4 and newer). `astsync --install-completion bash` writes it.
_astsync() {
    local line kind=
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $kind ]]; then kind=$line; else COMPREPLY+=("$line"); fi
    done < <(_ASTSYNC_COMPLETE=bash _ASTSYNC_LINE="${COMP_LINE:0:COMP_POINT}" "${1/#\~/$HOME}" </dev/null 2>/dev/null)
    if [[ $kind == files ]]; then compopt -o default; fi
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -o nosort -F _astsync astsync
