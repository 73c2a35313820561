# The states of all paths that a scan asks for, in one answer.

# list_paths PATTERN...: the states on standard output, on standard error why a pattern was not seen completely
list_paths() {
    for paths_pattern in "$@"; do
        case $paths_pattern in
            */\*\*) paths_below "${paths_pattern%/\*\*}" ;;
            *\*) paths_star "${paths_pattern%\*}" ;;
            *) printf '%s\n' "$paths_pattern" ;;
        esac
    done | sort -u | grep '^/' | path_states
    answered paths
}

# paths_star BEGINNING: all whose names begin so
paths_star() {
    paths_in=${1%/*}/
    if hidden "${paths_in%/}"; then
        printf 'incomplete %s* %s\n' "$1" "$HIDDEN" >&2
        return 0
    fi
    case $1 in
        */) set -- "$1"* "$1".[!.]* "$1"..?* ;;
        *) set -- "$1"* ;;
    esac
    for paths_one in "$@"; do
        if [ -e "$paths_one" ] || [ -h "$paths_one" ]; then printf '%s\n' "$paths_one"; fi
    done
}

# paths_below DIRECTORY: it and everything below it
paths_below() {
    printf '%s\n' "$1"
    if hidden "$1"; then
        printf 'incomplete %s/** %s\n' "$1" "$HIDDEN" >&2
        return 0
    fi
    [ -d "$1" ] || return 0
    {
        find "$1/" -print 2> /dev/null || printf 'incomplete %s/** not listed completely: %s\n' "$1" "$(hidden_below "$1")" >&2
    } | awk '{
        gsub("//+", "/")
        sub("/$", "")
        print
    }'
    find "$1/" -type l -print 2> /dev/null | while IFS= read -r paths_one; do
        [ ! -d "$paths_one" ] || printf 'incomplete %s/** not listed completely: there is a link to a directory\n' "$1" >&2
    done
}
