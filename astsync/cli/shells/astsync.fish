# Completion of astsync in fish. `astsync --install-completion fish` writes it.
function __astsync_complete
    set -l line (commandline -cp | string collect)
    set -l answer (_ASTSYNC_COMPLETE=fish _ASTSYNC_LINE="$line" command astsync </dev/null 2>/dev/null)
    if test "$answer[1]" = files
        __fish_complete_path (commandline -ct)
    end
    test (count $answer) -gt 1; and string join \n -- $answer[2..-1]
end
complete --command astsync --no-files --keep-order --arguments '(__astsync_complete)'
