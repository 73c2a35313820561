# What a host says: readers that the conditions of a change package share. Each is false, and SEEN says why, where there is no answer.

processes() { # rows of process, parent, program and arguments in $ROWS
    answered ps -eo pid,ppid,etime,args || return 1
    ROWS=$WORK/rows SEEN='ps shows no process'
    # one that has ended may show no time
    awk '$1 ~ /^[0-9]+$/ {
        at = $3 ~ /^[0-9:-]+$/ ? 4 : 3; program = $at; sub(/^.*\//, "", program); $3 = at == 4 ? program : program " " $3; print
    }' "$OUT" > "$ROWS" && [ -s "$ROWS" ]
}

nimsh_words() { # the arguments with which nimsh runs, else with which it would be started, in $WORDS
    WORDS=''
    # it forks for each connection: the daemon is the one whose parent is no nimsh
    ! processes || WORDS=$(awk 'NR == FNR { if ($3 == "nimsh") found[$1] = 1; next }
        $3 == "nimsh" && !($2 in found) { $1 = $2 = $3 = $4 = ""; print $0 " "; exit }' "$ROWS" "$ROWS")
    [ -n "$WORDS" ] || ! answered lssrc -S -s nimsh || WORDS=$(awk -F: '
        /^#/ { for (i = 1; i <= NF; i++) if ($i == "cmdargs") column = i }
        $1 == "nimsh" && NF > 3 { print " " $(column ? column : 3) " "; exit }' "$OUT")
    SEEN="nimsh's arguments are not known (ps, lssrc -S -s nimsh)"
    [ -n "$WORDS" ]
}

objects() { # COMMAND...: what it shows as rows of object, attribute and value, parted by tabs, in $ROWS
    answered "$@" || return 1
    ROWS=$WORK/rows SEEN='no object is shown'
    awk '{ sub(/[ \t\r]+$/, "") }
        /^[^ \t=]+:$/ { name = substr($0, 1, length($0) - 1) }
        name && /^[ \t]*[^ \t]+[ \t]*=/ { attribute = $1; sub(/^[^=]*=[ \t]*/, ""); print name "\t" attribute "\t" $0 }' "$OUT" > "$ROWS"
    [ -s "$ROWS" ]
}

machines() { # TEST: names of the machines for which TEST of awk holds in $MACHINES; v(ATTRIBUTE) is a value
    MACHINES=$(awk -F'\t' '
        function v(attribute) { return value[name, attribute] }
        !(($1, $2) in value) { value[$1, $2] = $3 }
        !($1 in seen) { seen[$1] = 1; order[++count] = $1 }
        END {
            for (i = 1; i <= count; i++) {
                name = order[i]; kind = v("type")
                machine = kind == "" ? v("connect") != "" : index(" standalone vios wpar alternate_master diskless dataless ", " " kind " ")
                if (machine && ('"$1"')) print name
            }
        }' "$ROWS")
}

niminfo() { # VARIABLE: its value, where that is one plain word, in $VALUE
    VALUE=''
    plain /etc/niminfo && VALUE=$(awk -v name="$1" '
        $0 ~ "^[ \t]*(export[ \t]+)?" name "=" { value = $0; sub(/^[^=]*=/, "", value); sub(/[ \t\r]*([ \t]#.*)?$/, "", value) }
        END { if (value ~ /^".*"$/ || value ~ /^\047.*\047$/) value = substr(value, 2, length(value) - 2); if (value ~ /^[^ \t"\047]+$/) print value }' "$R/etc/niminfo") || return 1
    SEEN="/etc/niminfo has no $1"
    [ -n "$VALUE" ]
}

lower() { printf '%s\n' "$1" | tr '[:upper:]' '[:lower:]'; }

roles() { # what the host plays in $ROLES, by its own word
    niminfo NIM_CONFIGURATION
    case $(lower "$VALUE") in
        master) ROLES=' master ' ;;
        alternate_master) ROLES=' client master ' ;;
        ?*) ROLES=' client ' ;;
        *) objects lsnim -l && ROLES=' master ' || return 1 ;;
    esac
    SEEN="the host's role is$ROLES"
}

filesets() { # TEST NAMES: no name for which TEST of awk holds
    answered lslpp -lc || return 1
    SEEN=$(awk -F: -v names="$2" '
        $1 ~ /^\// && NF >= 7 && $3 ~ /^[0-9]/ {
            some = rows[$2] = 1
            if (toupper($5) ~ /^(BROKEN|APPLYING|COMMITTING|REJECTING|DEINSTALLING)$/ || $5 ~ /^[ABCEO?]*[B?][ABCEO?]*$/) broken[$2] = 1
            if (NF > 7 && $NF !~ /^[ \t\r]*$/) locked[$2] = 1
        }
        END {
            if (!some) print "no fileset"
            count = split(names, wanted, " "); for (i = 1; i <= count; i++) { name = wanted[i]; if ('"$1"') print name }
        }' "$OUT") && [ -z "$SEEN" ]
}

inetd_services() { # rows of service, program, state and arguments in $ROWS, a first row of = and whether these are all
    ask lssrc -ls inetd || return 1
    ROWS=$WORK/rows
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

inetd_rows() { # rows of /etc/inetd.conf that are not commented out: service, program, arguments
    awk '{ sub(/\r$/, "") }
        !/^[ \t]*#/ && NF >= 5 && $2 ~ /^(stream|dgram|sunrpc_tcp|sunrpc_udp|raw|rdm|seqpacket)$/ {
            words = ""
            for (i = 7; i <= NF; i++) words = words (i > 7 ? " " : "") $i
            print $1 "\t" $6 "\t" words
        }' "$R/etc/inetd.conf"
}

certificates() { # sums of the certificates below /ssl_nimsh/certs in $SUMS; of other blocks, as keys, nothing is read into anything
    SUMS=''
    anything /ssl_nimsh/certs || return 0
    no_link_above /ssl_nimsh/certs/x || return 1
    SEEN='not every file below /ssl_nimsh/certs can be read'
    find "$R/ssl_nimsh/certs" -type f -exec awk '
        /-----/ { gsub(/ /, ""); if (block && /-----END(X509|TRUSTED)?CERTIFICATE-----/) print block; inside = /-----BEGIN(X509|TRUSTED)?CERTIFICATE-----/; block = ""; next }
        inside { gsub(/[ \t\r]/, ""); block = block $0 }' {} \; > "$WORK/blocks" || return 1
    SUMS=$(while read -r BLOCK; do printf '%s\n' "$BLOCK" | cksum; done < "$WORK/blocks" | awk '{ print $1 " " $2 }' | sort -u)
}

holding() { # the files below /ssl_nimsh/certs that hold a certificate; the one that clients fetch first
    anything /ssl_nimsh/certs || return 0
    no_link_above /ssl_nimsh/certs/x || return 1
    for FILE in "$R/ssl_nimsh/certs/server.pem" "$R"/ssl_nimsh/certs/*; do
        [ ! -f "$FILE" ] || [ -h "$FILE" ] || ! grep -E '.----BEGIN (X509 |TRUSTED )?CERTIFICATE-----' "$FILE" > /dev/null || printf '%s\n' "${FILE#"$R"}"
    done
}
