# What of a file may leave the host: shared by the script that collects and by what is sent over ssh.

# is_binary FILE: whether it is no text, as a key in DER is none
is_binary() {
    [ "$(($(tr -d '\000' < "$1" | wc -c)))" = "$(($(wc -c < "$1")))" ] || return 0
    # a value in DER begins with a sequence, which is written as the digit 0
    [ "$(dd if="$1" bs=1 count=1 2> /dev/null)" = 0 ]
}

# blocks_gone FILE: how many blocks of it are left out, since only the newest are taken
blocks_gone() {
    # the shell counts with 32 bits
    wc -c < "$1" | awk -v block="$BLOCK" -v blocks="$BLOCKS" '{ printf "%d\n", int(($1 + block - 1) / block) - blocks }'
}

# names_key FILE: whether a private key is named in it, or that cannot be told
names_key() {
    grep -i 'PRIVATE KEY' "$1" > /dev/null 2>&1
    case $? in
        1) return 1 ;;
    esac
    # any other status says no more than that grep failed, as at a line that is too long for it
    return 0
}

# without_keys FILE: all of it but its private keys; lines mine their numbers
without_keys() {
    if ! names_key "$1"; then
        cat "$1"
        return
    fi
    tr -d '\000' < "$1" | awk -v removed="$REMOVED" "$KEY_ENDS"'
        function body(line) {
            sub(/^[ \t\r>#|;*!"\047\\]*/, "", line)
            sub(/^[A-Za-z0-9_.-]+:[ \t\r]/, "", line)
            sub(/^[ \t\r]*/, "", line)
            sub(/[ \t\r"\047\\]*$/, "", line)
            sub(/=?=?$/, "", line)
            return length(line) > 15 && line !~ /[^A-Za-z0-9+\/]/
        }
        {
            upper = toupper($0)
            if (upper ~ /-[ \t\r]*(BEGIN|END)[^A-Z0-9_].*PRIVATE KEY/ || index(upper, removed)) {
                over = ends(upper)
                if (over && !inside && !index(upper, "BEGIN")) {
                    for (at = count; at && (body(text[at]) || text[at] !~ /[^ \t\r]/); at--) text[at] = ""
                }
                text[++count] = (inside && over) ? "" : removed
                inside = !over && !index($0, removed)
                next
            }
            if (inside) {
                line = $0
                sub(/^[ \t\r>#|;*!"\047\\]*/, "", line)
                sub(/^[A-Za-z0-9_.-]+:[ \t\r]/, "", line)
                inside = line !~ /[^A-Za-z0-9+\/=,: \t\r"\047\\.-]/
            }
            text[++count] = inside ? "" : $0
        }
        END { for (at = 1; at <= count; at++) print text[at] }'
}

# certificates_only FILE: its CERTIFICATE blocks on the lines where they stood; other lines become blank
certificates_only() {
    if [ "$(($(wc -l < "$1")))" = 0 ]; then
        tr '\r' '\n' < "$1"
    else
        cat "$1"
    fi | awk -v removed="$REMOVED" "$KEY_ENDS"'
        function drop(   at) {
            if (opened) for (at = opened + 1; at <= count; at++) text[at] = ""
        }
        {
            upper = toupper($0)
            bare = $0
            sub(/^\357\273\277/, "", bare)
            if (inside) {
                inside = !ends(upper)
                text[++count] = ""
            } else if (index(upper, "PRIVATE KEY")) {
                drop()
                opened = 0
                inside = !index($0, removed) && !ends(upper)
                text[++count] = removed
            } else if (bare ~ /^[ \t\r]*-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----[ \t\r]*$/) {
                drop()
                text[++count] = bare
                opened = count
            } else if (opened && $0 ~ /^[ \t\r]*-----END (TRUSTED |X509 )?CERTIFICATE-----[ \t\r]*$/) {
                text[++count] = $0
                opened = 0
            } else text[++count] = (opened && $0 !~ /[^\t\r -~]/) ? $0 : ""
        }
        END {
            drop()
            while (count && text[count] == "") count--
            for (at = 1; at <= count; at++) print text[at]
        }'
}
