# A file of the host on standard output, as much of it as may leave.

# real_path PATH: sets REAL to where it leads; 1 where nothing is there
real_path() {
    REAL=$1 real_links=0
    while [ -h "$REAL" ]; do
        real_links=$((real_links + 1))
        [ "$real_links" -le 40 ] || return 1
        # shellcheck disable=SC2012 # AIX has no readlink
        real_to=$(ls -ld "$REAL")
        real_to=${real_to#*" -> "}
        case $real_to in
            /*) REAL=$real_to ;;
            *) REAL=${REAL%/*}/$real_to ;;
        esac
    done
    real_in=$(cd "${REAL%/*}/" 2> /dev/null && pwd -P) || return 1
    REAL=${real_in%/}/${REAL##*/}
    [ -e "$REAL" ]
}

# may_be_read PATH: whether it is a file that may be opened; says what is the matter where it is none
may_be_read() {
    if absent "$1"; then
        answered absent
    elif ! real_path "$1"; then
        if [ -h "$1" ]; then answered why "is a link that leads nowhere"; else answered why "cannot be read: Permission denied: run as root"; fi
    else
        case $REAL in
            /ssl_nimsh*/keys/*) answered refused && return 1 ;;
        esac
        if [ ! -f "$REAL" ]; then
            answered why "cannot be read: not a regular file"
        elif [ ! -r "$REAL" ]; then
            answered why "cannot be read: Permission denied: run as root"
        else
            return 0
        fi
    fi
    return 1
}

# guarded PATH: sets GUARD to what is taken away of a file there: nothing, its keys, or all but certificates
guarded() {
    case $1 in
        /usr/samples/nim/ssl/* | /ssl_nimsh*/configs/*) GUARD=keys ;;
        /ssl_nimsh*) GUARD=certificates ;;
        *) GUARD='' ;;
    esac
}

# read_file PATH: the file
read_file() {
    may_be_read "$1" || return 0
    guarded "$1"
    [ -n "$GUARD" ] || guarded "$REAL"
    if [ -n "$GUARD" ] && is_binary "$REAL"; then
        answered why "is no text: it is not taken over ssh"
        return 0
    fi
    case $GUARD in
        certificates) certificates_only "$REAL" ;;
        keys) without_keys "$REAL" ;;
        *) cat "$REAL" ;;
    esac && answered file "${GUARD:-plain}" || answered why "cannot be read"
}

# read_newest PATH: of a log its last blocks, and how many lines and blocks are before them
read_newest() {
    may_be_read "$1" || return 0
    guarded "$REAL"
    if [ -n "$GUARD" ]; then
        answered refused
        return 0
    fi
    newest_gone=$(blocks_gone "$REAL")
    if [ "$newest_gone" -le 0 ]; then
        cat "$REAL" && answered part 1 0 || answered why "cannot be read"
        return 0
    fi
    newest_lines=$(dd if="$REAL" bs="$BLOCK" count="$newest_gone" 2> /dev/null | wc -l)
    # the log may grow meanwhile: no more than was there
    dd if="$REAL" bs="$BLOCK" skip="$newest_gone" count="$BLOCKS" 2> /dev/null && answered part "$((newest_lines + 1))" "$newest_gone" ||
        answered why "cannot be read"
}

# list_files DIRECTORY REST: of all that stands in it, itself or what is called REST in it, but no directories
list_files() {
    if absent "$1" || { [ -e "$1" ] && [ ! -d "$1" ]; }; then
        answered absent
        return 0
    fi
    if hidden "$1"; then
        answered why "$HIDDEN"
        return 0
    fi
    for list_one in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        if [ ! -d "$list_one$2" ] && { [ -e "$list_one$2" ] || [ -h "$list_one$2" ]; }; then
            printf '%s\n' "${list_one#"$1"/}$2"
        fi
    done
    answered listed
}
