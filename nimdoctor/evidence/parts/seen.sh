# What is known not to be there, and what could not be seen: shared by the script that collects and by what is sent over ssh.

# absent PATH: whether it is known that nothing is there, which a directory that may not be searched hides
absent() {
    [ ! -h "$1" ] && [ ! -e "$1" ] || return 1
    absent_in=${1%/*}/
    while [ "$absent_in" != / ] && [ ! -e "$absent_in" ] && [ ! -h "${absent_in%/}" ]; do
        absent_in=${absent_in%/}
        absent_in=${absent_in%/*}/
    done
    [ ! -d "$absent_in" ] || [ -x "$absent_in" ]
}

# hidden DIRECTORY: whether what stands in it cannot be seen; sets HIDDEN to why
hidden() {
    HIDDEN='cannot be listed: Permission denied: run as root'
    if [ ! -d "$1" ]; then
        [ ! -e "$1" ] && [ ! -h "$1" ] && ! absent "$1" || return 1
        return 0
    fi
    [ -r "$1" ] && [ -x "$1" ] || return 0
    HIDDEN='cannot be listed'
    ! ls "$1/" > /dev/null 2>&1
}

# hidden_below DIRECTORY: the first directory in it that is hidden, and why
hidden_below() {
    find "$1/" -type d -print 2> /dev/null | while IFS= read -r below_one; do
        if hidden "$below_one"; then
            printf '%s: %s\n' "${below_one#"$ROOT"}" "$HIDDEN"
            break
        fi
    done
}
