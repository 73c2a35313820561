# What a host says: readers that the conditions of a change package share. Each is false, and SEEN says why, where there is no answer.

# processes: rows of process, parent, program and arguments in $ROWS
processes() {
    answered ps ps -eo pid,ppid,etime,args || return 1
    ROWS=$OUT.rows
    awk '$1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+$/ {
            # one that has ended shows no time
            at = ($3 ~ /^[0-9:-]*[0-9]:[0-9][0-9]$/ || $3 == "-") ? 4 : 3
            program = $at; sub(/^.*\//, "", program); row = $1 " " $2 " " program
            for (; at <= NF; at++) row = row " " $at
            print row
        }' "$OUT" > "$ROWS"
    SEEN='ps shows no process'
    [ -s "$ROWS" ]
}

# nimsh_words: the arguments with which nimsh runs, else with which it would be started, in $WORDS
nimsh_words() {
    WORDS=''
    # it forks for each connection: the daemon is the one whose parent is no nimsh
    ! processes || WORDS=$(awk 'NR == FNR { if ($3 == "nimsh") found[$1] = 1; next }
        $3 == "nimsh" && !($2 in found) { $1 = $2 = $3 = $4 = ""; print $0 " "; exit }' "$ROWS" "$ROWS")
    [ -n "$WORDS" ] || ! answered nimsh lssrc -S -s nimsh || WORDS=$(awk -F: '
        /^#/ { for (i = 1; i <= NF; i++) if ($i == "cmdargs") column = i; next }
        $1 == "nimsh" && NF > 3 { print " " $(column ? column : 3) " "; exit }' "$OUT")
    SEEN="nimsh's arguments are not known (ps, lssrc -S -s nimsh)"
    [ -n "$WORDS" ]
}

# objects: rows of object, attribute and value, parted by tabs, in $ROWS
objects() {
    answered lsnim lsnim -l || return 1
    object_rows
}

object_rows() {
    ROWS=$OUT.rows
    awk '{ sub(/\r$/, "") }
        /^[A-Za-z0-9_.@+-]+:[ \t]*$/ { name = $0; sub(/:[ \t]*$/, "", name); next }
        name != "" && /^[ \t]*[A-Za-z0-9_-]+[ \t]*=/ {
            value = $0; sub(/^[^=]*=[ \t]*/, "", value); sub(/[ \t]+$/, "", value)
            print name "\t" $1 "\t" value
        }' "$OUT" > "$ROWS"
    SEEN='no object is shown'
    [ -s "$ROWS" ]
}

# machines TEST: names of the machines for which TEST of awk holds in $MACHINES; v(ATTRIBUTE) is a value
machines() {
    MACHINES=$(awk -F'\t' '
        function v(attribute) { return value[name, attribute] }
        { if (!(($1, $2) in value)) value[$1, $2] = $3; if (!($1 in seen)) { seen[$1] = 1; order[++count] = $1 } }
        END {
            for (i = 1; i <= count; i++) {
                name = order[i]; kind = v("type"); connect = tolower(v("connect")); gsub(/[ \t]+/, " ", connect)
                machine = kind == "" ? connect != "" : index(" standalone vios wpar alternate_master diskless dataless ", " " kind " ")
                if (machine && ('"$1"')) print name
            }
        }' "$ROWS")
}

# niminfo VARIABLE: its value in $VALUE
niminfo() {
    VALUE=''
    plain /etc/niminfo && [ -r "$R/etc/niminfo" ] || return 1
    VALUE=$(awk -v wanted="$1" '
        { sub(/\r$/, "") }
        /^[ \t]*#/ { next }
        /^[ \t]*(export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*=/ {
            name = $0; sub(/=.*/, "", name); sub(/^[ \t]*(export[ \t]+)?/, "", name)
            mine = name == wanted
            if (mine) { value = $0; sub(/^[^=]*=/, "", value) }
            next
        }
        mine && NF { value = value " " $0 }
        END {
            gsub(/^[ \t]+|[ \t]+$/, "", value); mark = substr(value, 1, 1)
            if (mark == "\"" || mark == "\047") {
                value = substr(value, 2)
                if (index(value, mark)) value = substr(value, 1, index(value, mark) - 1)
            } else sub(/[ \t]+#.*$/, "", value)
            gsub(/^[ \t]+|[ \t]+$/, "", value); print value
        }' "$R/etc/niminfo")
    SEEN="/etc/niminfo has no $1"
    [ -n "$VALUE" ]
}

lower() { printf '%s\n' "$1" | tr '[:upper:]' '[:lower:]'; }

# roles: what the host plays in $ROLES, by its own word
roles() {
    niminfo NIM_CONFIGURATION
    case $(lower "$VALUE") in
        master) ROLES=' master ' ;;
        alternate_master) ROLES=' client master ' ;;
        ?*) ROLES=' client ' ;;
        *) if objects; then ROLES=' master '; else return 1; fi ;;
    esac
    SEEN="the host's role is$ROLES"
}

# filesets TEST NAMES: no name for which TEST of awk holds
filesets() {
    answered lslpp lslpp -lc || return 1
    SEEN=$(awk -F: -v names="$2" '
        $1 ~ /^\// && NF >= 7 && $3 ~ /^[0-9]/ {
            some = 1; rows[$2] = 1
            if (toupper($5) ~ /^(BROKEN|APPLYING|COMMITTING|REJECTING|DEINSTALLING)$/ || ($5 ~ /^[ABCEO?]+$/ && $5 ~ /[B?]/)) broken[$2] = 1
            if (NF > 7 && $NF !~ /^[ \t\r]*$/) locked[$2] = 1
        }
        END {
            if (!some) print "no fileset"
            count = split(names, wanted, " ")
            for (i = 1; i <= count; i++) { name = wanted[i]; if ('"$1"') print name }
        }' "$OUT") || return 1
    [ -z "$SEEN" ]
}

# inetd_services: rows of service, program, state and arguments in $ROWS, a first row of = and whether these are all
inetd_services() {
    ask inetd lssrc -ls inetd || return 1
    ROWS=$OUT.rows
    awk '
        /^[A-Z]/ && !/[0-9\/]/ { line = $0; if (gsub(/[ \t][ \t]+/, " ", line) >= 3 || gsub(/\t/, " ", line) >= 3) headings++ }
        $1 == "inetd" && headings == 1 { itself = tolower($NF) }
        /0513-/ && /inetd/ { if (itself == "") itself = "inoperative" }
        headings > 0 && NF > 2 && ($2 ~ /^\// || $2 == "internal") {
            words = ""
            for (i = 3; i < NF; i++) words = words (i > 3 ? " " : "") $i
            print $1 "\t" $2 "\t" tolower($NF) "\t" words
        }
        END { print "=\t" (itself != "" && headings > 1 ? "complete" : "") "\t" itself }' "$OUT" > "$ROWS"
}

# inetd_rows: rows of /etc/inetd.conf that are not commented out: service, program, arguments
inetd_rows() {
    awk '{ sub(/\r$/, "") }
        /^[ \t]*#/ { next }
        NF >= 5 && $2 ~ /^(stream|dgram|sunrpc_tcp|sunrpc_udp|raw|rdm|seqpacket)$/ {
            words = ""
            for (i = 7; i <= NF; i++) words = words (i > 7 ? " " : "") $i
            print $1 "\t" $6 "\t" words
        }' "$R/etc/inetd.conf"
}

# certificates: rows of path, inode, size and sums of the certificates below /ssl_nimsh/certs in $ROWS, the sums in $SUMS.
# Of other blocks, as keys, nothing is read into anything
certificates() {
    ROWS=$WORK/now.certificates SUMS=$WORK/now.sums
    [ ! -f "$SUMS" ] || return 0
    : > "$ROWS"
    if anything /ssl_nimsh/certs; then
        no_link_above /ssl_nimsh/certs/x || return 1
        SEEN='/ssl_nimsh/certs cannot be read'
        ls "$R/ssl_nimsh/certs" > /dev/null 2>&1 || return 1
    fi
    for FILE in "$R"/ssl_nimsh/certs/*; do
        [ -f "$FILE" ] && [ ! -h "$FILE" ] || continue
        SEEN="${FILE#"$R"} cannot be read"
        awk '{ sub(/\r$/, "") }
            match($0, /-----BEGIN [A-Z0-9 ]+-----/) {
                label = substr($0, RSTART + 11, RLENGTH - 16); inside = label ~ /^(X509 |TRUSTED )?CERTIFICATE$/; block = ""; next
            }
            match($0, /-----END [A-Z0-9 ]+-----/) {
                if (inside && block != "" && substr($0, RSTART + 9, RLENGTH - 14) == label) print block
                inside = 0; next
            }
            inside { gsub(/[ \t]/, ""); block = block $0 }' "$FILE" > "$WORK/blocks" && look "$FILE" || return 1
        ROW="$INODE $SIZE"
        while read -r BLOCK; do
            printf '%s\n' "$BLOCK" > "$WORK/block"
            sum_of "$WORK/block" || return 1
            ROW="$ROW $SUM"
            printf '%s\n' "$SUM" >> "$WORK/sums.new"
        done < "$WORK/blocks"
        printf '%s\t%s\n' "${FILE#"$R"}" "$ROW" >> "$ROWS"
    done
    : >> "$WORK/sums.new"
    sort -u "$WORK/sums.new" > "$SUMS" && rm -f "$WORK/sums.new"
}

# served: the certificate that clients fetch in $SERVED, empty where there is none
served() {
    certificates || return 1
    SERVED=$(awk -F'\t' '
        split($2, words, " ") > 2 { if (first == "") first = $1; if ($1 == "/ssl_nimsh/certs/server.pem") own = $1 }
        END { print own != "" ? own : first }' "$ROWS")
}
