# What a host says, and the conditions that rest on it. A condition holds (0), does not (1), cannot be told (2),
# or its end is not here (3); SAYS is what was seen.

# -- what commands say

# processes END: rows of process, parent, seconds it has run (- where not shown) and arguments in $ROWS
processes() {
    ask "$1" ps ps -eo pid,ppid,etime,args || return $?
    ROWS=$WORK/now/$1.processes
    [ -f "$ROWS" ] || awk '
        function seconds(elapsed) {
            count = split(elapsed, parts, /[-:]/)
            if (index(elapsed, "-")) return ((parts[1] * 24 + parts[2]) * 60 + parts[3]) * 60 + parts[4]
            return count == 3 ? (parts[1] * 60 + parts[2]) * 60 + parts[3] : parts[1] * 60 + parts[2]
        }
        $1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+$/ {
            row = $0
            sub(/^[ \t]*[0-9]+[ \t]+[0-9]+[ \t]+/, "", row)
            ran = "-"
            # a process that has ended shows no time
            if ($3 ~ /^[0-9:-]*[0-9]:[0-9][0-9]$/) ran = seconds($3)
            if (ran != "-" || $3 == "-") sub(/^[^ \t]+[ \t]*/, "", row)
            if (row != "") print $1, $2, ran, row
        }' "$OUT" > "$ROWS" || rm -f "$ROWS"
    [ -s "$ROWS" ] && return 0
    SAYS="the processes of the $1 are not known (ps)"
    return 2
}

# nimsh_process END: the daemon in $DAEMON (its number, empty where it does not run) and $DAEMON_ARGUMENTS, its children in $BUSY
nimsh_process() {
    processes "$1" || return $?
    SAYS="the processes of the $1 cannot be read"
    DAEMON=$(awk '
        { program = $4; sub(/^.*\//, "", program); if (program == "nimsh") { found[$1] = 1; parent[$1] = $2; row[++count] = $0 } }
        END {
            # nimsh forks for each connection: the daemon is the one whose parent is not a nimsh
            for (i = 1; i <= count; i++) { split(row[i], words, " "); if (!(parent[words[1]] in found)) { print row[i]; exit } }
        }' "$ROWS") || return 2
    DAEMON_ARGUMENTS=${DAEMON#* * * * }
    [ "$DAEMON_ARGUMENTS" != "$DAEMON" ] || DAEMON_ARGUMENTS=''
    DAEMON=${DAEMON%% *}
    BUSY=$(awk -v daemon="$DAEMON" 'daemon != "" && $2 == daemon && $1 != daemon { print $1 }' "$ROWS") || return 2
}

# nimsh_words END: the arguments with which nimsh runs, else with which it would be started, in $NIMSH_WORDS
nimsh_words() {
    NIMSH_WORDS=''
    nimsh_process "$1" && [ -n "$DAEMON" ] && NIMSH_WORDS=" $DAEMON_ARGUMENTS "
    if [ -z "$NIMSH_WORDS" ]; then
        at "$1" || return 3
        ask "$1" definition lssrc -S -s nimsh && NIMSH_WORDS=$(awk -F: '
            /^#/ { for (i = 1; i <= NF; i++) if ($i == "cmdargs") column = i; next }
            $1 == "nimsh" && NF > 3 { print " " $(column ? column : 3) " "; exit }' "$OUT")
    fi
    [ -n "$NIMSH_WORDS" ] && return 0
    SAYS="nimsh's arguments are not known (ps, lssrc -S -s nimsh)"
    return 2
}

# crypto END: sets CRYPTO to on or off, as nimsh runs, else as it would be started
crypto() {
    CRYPTO=''
    nimsh_words "$1" || return $?
    case $NIMSH_WORDS in
        *' -c '*) CRYPTO=on ;;
        *) CRYPTO=off ;;
    esac
}

# push_of END: sets PUSH to on, or off where nimsh refuses pushes or would
push_of() {
    PUSH=''
    nimsh_words "$1" || return $?
    case $NIMSH_WORDS in
        *' -P '*) PUSH=off ;;
        *) PUSH=on ;;
    esac
}

# boot_of END: the row of nimsh in /etc/inittab, empty where there is none, in $BOOT_ROW
boot_of() {
    BOOT_ROW=''
    ask_any "$1" inittab lsitab nimsh || return $?
    SAYS="whether /etc/inittab has a row of nimsh is not known (lsitab nimsh)"
    BOOT_ROW=$(awk '/^[ \t]*nimsh:[^:]*:[^:]*:/ { print; exit }' "$OUT") || return 2
    [ -z "$BOOT_ROW" ] || return 0
    # where there is no row it prints nothing and exits 1; exit 0 would say that there is one
    { [ ! -s "$OUT" ] && [ "$STATUS" = 1 ]; } || return 2
}

# subsystem END NAME: sets ACTIVE to yes or no, and SRC_PID to its process
subsystem() {
    ask "$1" lssrc lssrc -a || return $?
    ACTIVE=$(awk -v name="$2" '
        /^[A-Z]/ && NF == 4 && !/[0-9\/]/ { heading = 1; next }
        $1 == name && NF > 1 && !/0513-/ {
            state = tolower($NF)
            pid = ($2 ~ /^[0-9]+$/ && NF > 2) ? $2 : ($3 ~ /^[0-9]+$/ && NF > 3) ? $3 : ""
            known = state ~ /^(active|inoperative|stopping|starting|warned)$/
            if (found != "yes") { found = (state == "active" || (!known && pid != "")) ? "yes" : "no"; process = pid }
        }
        END { if (found == "" && heading) found = "no"; if (found != "") print found " " process }' "$OUT") || ACTIVE=''
    SRC_PID=${ACTIVE#* } ACTIVE=${ACTIVE%% *}
    [ -n "$ACTIVE" ] && return 0
    SAYS="whether $2 is active is not known (lssrc -a)"
    return 2
}

# objects END: rows of object, attribute and value, parted by tabs, in $ROWS
objects() {
    ask "$1" lsnim lsnim -l || return $?
    object_rows "$WORK/now/$1.objects"
    [ -s "$ROWS" ] && return 0
    SAYS="the objects of the $1 are not known (lsnim -l)"
    return 2
}

# object_rows FILE: makes them of the stanzas in $OUT
object_rows() {
    ROWS=$1
    [ -f "$ROWS" ] || awk '
        { sub(/\r$/, "") }
        /^[A-Za-z0-9_.@+-]+:[ \t]*$/ { name = $0; sub(/:[ \t]*$/, "", name); next }
        name != "" && /^[ \t]*[A-Za-z0-9_-]+[ \t]*=/ {
            value = $0
            sub(/^[^=]*=[ \t]*/, "", value)
            sub(/[ \t]+$/, "", value)
            print name "\t" $1 "\t" value
        }' "$OUT" > "$ROWS" || rm -f "$ROWS"
}

# machines CONDITION: names of the objects a push can go to for which CONDITION of awk holds, in the file $MACHINES;
# v(ATTRIBUTE) is a value
machines() {
    MACHINES=$WORK/now/machines
    SAYS='the objects cannot be read'
    awk -F'\t' '
        function v(attribute) { return value[name, attribute] }
        { if (!(($1, $2) in value)) value[$1, $2] = $3; if (!($1 in seen)) { seen[$1] = 1; order[++count] = $1 } }
        END {
            for (i = 1; i <= count; i++) {
                name = order[i]
                kind = v("type")
                machine = kind == "" ? v("connect") != "" : index(" standalone vios wpar alternate_master diskless dataless ", " " kind " ")
                connect = tolower(v("connect"))
                gsub(/[ \t]+/, " ", connect)
                if (machine && ('"$1"')) print name
            }
        }' "$ROWS" > "$MACHINES" || return 2
}

# ssl_of END: sets SSL to yes or no, as the master shows it of itself
ssl_of() {
    objects "$1" || return $?
    SSL=$(awk -F'\t' '
        $1 == "master" || ($2 == "type" && $3 == "master" && other == "") { if ($1 == "master") own = 1; else other = $1 }
        $2 == "ssl_support" { support[$1] = tolower($3) }
        END {
            name = own ? "master" : other
            if (name != "") print support[name] == "yes" ? "yes" : "no"
        }' "$ROWS") || SSL=''
    [ -n "$SSL" ] && return 0
    SAYS='whether SSL is on is not known (lsnim -l)'
    return 2
}

# niminfo END VARIABLE: sets VALUE
niminfo() {
    VALUE=''
    plain "$1" /etc/niminfo || return $?
    SAYS='/etc/niminfo cannot be read'
    VALUE=$(awk -v wanted="$2" '
        { sub(/\r$/, "") }
        /^[ \t]*#/ { next }
        /^[ \t]*(export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*=/ {
            name = $0
            sub(/=.*/, "", name)
            sub(/^[ \t]*(export[ \t]+)?/, "", name)
            mine = name == wanted
            if (mine) { value = $0; sub(/^[^=]*=/, "", value) }
            next
        }
        mine && NF { value = value " " $0 }
        END {
            gsub(/^[ \t]+|[ \t]+$/, "", value)
            mark = substr(value, 1, 1)
            if (mark == "\"" || mark == "\047") {
                value = substr(value, 2)
                if (index(value, mark)) value = substr(value, 1, index(value, mark) - 1)
            } else sub(/[ \t]+#.*$/, "", value)
            gsub(/^[ \t]+|[ \t]+$/, "", value)
            print value
        }' "$FILE") || return 2
}

# plays END ROLE: whether the host has that role; 2 where it is not known
plays() {
    at "$1" || return 3
    niminfo "$1" NIM_CONFIGURATION || VALUE=''
    case $(printf '%s\n' "$VALUE" | tr '[:upper:]' '[:lower:]') in
        master) PLAYS=' master ' ;;
        alternate_master) PLAYS=' client master ' ;;
        ?*) PLAYS=' client ' ;;
        *)
            SAYS="the role of the $1 is not known"
            if objects "$1"; then
                PLAYS=' master '
            else
                reach "$1" /var/adm/ras/nimsh.log && [ -f "$FILE" ] || return 2
                PLAYS=' client '
            fi
            ;;
    esac
    SAYS="the host's role is$PLAYS"
    case $PLAYS in
        *" $2 "*) return 0 ;;
    esac
    return 1
}

# inetd_services END: rows of service, program, state and arguments in $ROWS; COMPLETE says that these are all
inetd_services() {
    # where inetd does not run that is said with a status of its own
    ask_any "$1" inetd lssrc -ls inetd || return $?
    ROWS=$WORK/now/$1.services
    awk '
        /^[A-Z]/ && !/[0-9\/]/ { line = $0; if (gsub(/[ \t][ \t]+/, " ", line) >= 3 || gsub(/\t/, " ", line) >= 3) headings++ }
        $1 == "inetd" && headings == 1 { itself = tolower($NF) }
        /0513-/ && /inetd/ { if (itself == "") itself = "inoperative" }
        headings > 0 && NF > 2 && ($2 ~ /^\// || $2 == "internal") {
            words = ""
            for (i = 3; i < NF; i++) words = words (i > 3 ? " " : "") $i
            print $1 "\t" $2 "\t" tolower($NF) "\t" words
        }
        END { print "=\t" (itself != "" && headings > 1 ? "complete" : "") "\t" itself }
    ' "$OUT" > "$ROWS" || : > "$ROWS"
    COMPLETE='' INETD=''
    while IFS='	' read -r services_name services_program services_state; do
        [ "$services_name" = = ] || continue
        case $services_program in
            complete) COMPLETE=yes INETD=$services_state ;;
            *) INETD=$services_program ;;
        esac
    done < "$ROWS"
}

# inetd_rows FILE: rows of an inetd.conf that are not commented out: service, program, arguments
inetd_rows() {
    awk '
        { sub(/\r$/, "") }
        /^[ \t]*#/ { next }
        NF >= 5 && $2 ~ /^(stream|dgram|sunrpc_tcp|sunrpc_udp|raw|rdm|seqpacket)$/ {
            words = ""
            for (i = 7; i <= NF; i++) words = words (i > 7 ? " " : "") $i
            print $1 "\t" $6 "\t" words
        }' "$1"
}

# serves END SERVICE: sets SERVES to yes or no, as inetd has it now
serves() {
    SERVES=''
    inetd_services "$1" || return $?
    SERVES=$(awk -F'\t' -v name="$2" '$1 == name { if (found != "yes") found = $3 == "active" ? "yes" : "no" } END { print found }' "$ROWS")
    if [ -z "$SERVES" ]; then
        if [ -n "$COMPLETE" ] || [ "$INETD" = inoperative ]; then
            SERVES=no
        elif ask_any "$1" service lssrc -t "$2"; then
            SERVES=$(awk -v name="$2" '
                $1 == name && NF > 1 && !/0513-/ { found = tolower($NF) == "active" ? "yes" : "no" }
                /0513-/ && (index($0, name) || /inetd/) && found == "" { found = "no" }
                END { print found }' "$OUT")
        fi
    fi
    [ -n "$SERVES" ] && return 0
    SAYS="whether inetd serves $2 is not known (lssrc -t $2)"
    return 2
}

# -- certificates: only their CERTIFICATE blocks are ever read into anything, a key stays where it is

# certificates_of END: rows of path, inode, size and sums of its certificates in $ROWS; the sums alone in $SUMS
certificates_of() {
    reach "$1" /ssl_nimsh/certs/x
    certificates_code=$?
    ROWS=$WORK/now/$1.certificates SUMS=$WORK/now/$1.sums
    [ ! -f "$SUMS" ] || return 0
    case $certificates_code in
        0) ;;
        2)
            : > "$ROWS"
            : > "$SUMS"
            return 0
            ;;
        *) return "$certificates_code" ;;
    esac
    SAYS='/ssl_nimsh/certs cannot be read'
    ls "$ROOT/ssl_nimsh/certs" > /dev/null 2>&1 || return 2
    rm -f "$SUMS.new"
    : > "$ROWS"
    for certificates_file in "$ROOT"/ssl_nimsh/certs/*; do
        [ -f "$certificates_file" ] && [ ! -h "$certificates_file" ] || continue
        rm -f "$WORK"/now/block.*
        SAYS="${certificates_file#"$ROOT"} cannot be read"
        awk -v place="$WORK/now/block." '
            { sub(/\r$/, "") }
            match($0, /-----BEGIN [A-Z0-9 ]+-----/) {
                label = substr($0, RSTART + 11, RLENGTH - 16)
                inside = label ~ /^(X509 |TRUSTED )?CERTIFICATE$/
                block = ""
                next
            }
            match($0, /-----END [A-Z0-9 ]+-----/) {
                if (inside && block != "" && substr($0, RSTART + 9, RLENGTH - 14) == label) {
                    name = place sprintf("%04d", ++count)
                    print block > name
                    close(name)
                }
                inside = 0
                next
            }
            inside { gsub(/[ \t]/, ""); block = block $0 }
        ' "$certificates_file" || return 2
        look "$certificates_file" || return 2
        certificates_row="$INODE $SIZE"
        for certificates_block in "$WORK"/now/block.*; do
            [ -f "$certificates_block" ] || continue
            sum_of "$certificates_block" || return 2
            printf '%s\n' "$SUM" >> "$SUMS.new"
            certificates_row="$certificates_row $SUM"
        done
        printf '%s\t%s\n' "${certificates_file#"$ROOT"}" "$certificates_row" >> "$ROWS"
    done
    : >> "$SUMS.new"
    sort -u "$SUMS.new" > "$SUMS" || {
        rm -f "$SUMS"
        return 2
    }
    rm -f "$SUMS.new" "$WORK"/now/block.*
}

# -- conditions about files

# file_is END PATH SUM: a regular file with one name holds these bytes
file_is() {
    plain "$1" "$2" || not_if_absent "$?" || return $?
    sum_of "$FILE"
    SAYS="$2 has other bytes than the plan says"
    [ "$SUM" = "$3" ]
}

# not_if_absent CODE: what is not there is no file of these bytes either
not_if_absent() {
    [ "$1" != 2 ] || return 1
    return "$1"
}

# file_absent END PATH
file_absent() {
    reach "$1" "$2"
    case $? in
        0) ;;
        2) return 0 ;;
        1) return 1 ;;
        *) return 3 ;;
    esac
    SAYS="$2 exists"
    ! anything "$FILE"
}

# renamable END PATH NEW-PATH: no link, no mount point, one name, on one file system, and the new name is free
renamable() {
    reach "$1" "$3" || not_if_absent "$?" || return $?
    renamable_to=$FILE
    reach "$1" "$2" || not_if_absent "$?" || return $?
    if ! anything "$FILE"; then
        SAYS="$2 does not exist"
    elif [ -h "$FILE" ]; then
        SAYS="$2 is a link"
    elif [ ! -d "$FILE" ] && [ ! -f "$FILE" ]; then
        SAYS="$2 is neither file nor directory"
    elif [ ! -d "$FILE" ] && ! { look "$FILE" && [ "$LINKS" = 1 ]; }; then
        SAYS="$2 has $LINKS hard links"
    elif anything "$renamable_to"; then
        SAYS="$3 exists already"
    elif mount_point "$FILE"; then
        SAYS="$2 is a mount point, or df does not tell"
    else
        renamable_on=$FILE_SYSTEM
        file_system "$(dirname "$renamable_to")"
        SAYS="$3 would be on another file system"
        [ "$renamable_on" = "$FILE_SYSTEM" ]
        return
    fi
    return 1
}

# library_copy_is END PATH SIZE
library_copy_is() {
    plain "$1" "$2" || not_if_absent "$?" || return $?
    SAYS="$2 is a file of $SIZE bytes"
    [ "$SIZE" = "$3" ]
}

# mode_is END PATH MODE: a regular file with one name, whose mode ls shows so; nobody may put another in its place
mode_is() {
    plain "$1" "$2" || not_if_absent "$?" || return $?
    mode_rights=$RIGHTS mode_above=${2%/*}
    while [ -n "$mode_above" ]; do
        SAYS="who may write in $mode_above cannot be told (ls)"
        look "$ROOT$mode_above" || return 2
        case $RIGHTS in
            d???????w* | *+)
                SAYS="others may write in $mode_above ($RIGHTS)"
                return 1
                ;;
        esac
        mode_above=${mode_above%/*}
    done
    # an access control list shows as a plus; a dot or a minus means that there is none
    SAYS="$2 has mode $mode_rights"
    case $mode_rights in
        "$3" | "$3". | "$3"-) return 0 ;;
    esac
    return 1
}

# not_owned END PATH: by no fileset and no rpm package
not_owned() {
    # every command has a number of its own, so that none is taken for the answer about another file
    ask_any "$1" "owner.$WATCHED" lslpp -w "$2" || return $?
    not_owned_by=$(awk -v path="$2" '$1 == path && NF > 1 && $2 ~ /[.]/ { print $2; exit }' "$OUT") || return 2
    SAYS="fileset $not_owned_by owns $2"
    [ -z "$not_owned_by" ] || return 1
    # in what words it says that nobody does is recorded nowhere: that it can say it shows by a file that has an owner
    ask_any "$1" owner lslpp -w /usr/sbin/installp || return $?
    SAYS="whether a fileset owns $2 is not known: lslpp -w knows no owner of /usr/sbin/installp either"
    awk '$1 == "/usr/sbin/installp" && $2 ~ /[.]/ { found = 1 } END { exit !found }' "$OUT" || return 2
    if ! program "$1" rpm; then
        # without its database too there is nothing that it could say
        SAYS="whether an rpm package owns $2 is not known: there is no rpm"
        ! anything "$ROOT/opt/freeware" && ! anything "$ROOT/var/lib/rpm" || return 2
        return 0
    fi
    ask_any "$1" "rpm.$WATCHED" rpm -qf "$2" || return $?
    SAYS="an rpm package owns $2"
    [ "$STATUS" != 0 ] || [ ! -s "$OUT" ] || return 1
    # a database that cannot be read ends with the same status
    SAYS="whether an rpm package owns $2 is not known: rpm ended with $STATUS"
    grep 'not owned by any package' "$OUT" "$ERR" > /dev/null || return 2
}

# member_kept END ARCHIVE MEMBER
member_kept() {
    ask "$1" "ar-$2" ar -X32_64 -tv "/usr/lib/$2" || return $?
    case $(awk -v name="$3" '
        /^[ \t]*[-rwxsStT]+[ \t]+[^ \t]*[0-9].*[0-9][0-9][0-9][0-9]?[ \t]+[^ \t]+[ \t]*$/ || (NF == 1 && /\.(so|o)/) {
            some = 1
            if ($NF == name) found = 1
        }
        END { print found ? "kept" : some ? "gone" : "" }' "$OUT") in
        kept) return 0 ;;
        gone)
            SAYS="$2 has no member $3"
            return 1
            ;;
    esac
    SAYS="the members of $2 are not known (ar)"
    return 2
}

# can_extract END LEVEL: nim.client is at the level that the plan found cured; without one the members of 0.9.8 are there
can_extract() {
    if [ -z "$2" ]; then
        member_kept "$1" libssl.a libssl.so.0.9.8 && member_kept "$1" libcrypto.a libcrypto.so.0.9.8
        return $?
    fi
    ask "$1" lslpp lslpp -lc || return $?
    SAYS="bos.sysmgt.nim.client is not at $2 any more: make a new plan"
    grep "^[^:]*:bos.sysmgt.nim.client:$2:" "$OUT" > /dev/null
}

# -- conditions about the master's SSL and the certificates

# ssl_support END yes|no
ssl_support() {
    ssl_of "$1" || return $?
    SAYS="ssl_support is $SSL"
    [ "$SSL" = "$2" ]
}

# certificates_are END SUM...: these certificates and no other
certificates_are() {
    certificates_of "$1" || return $?
    shift
    SAYS='the certificates are others by now'
    certificates_wanted=$(for certificates_sum in "$@"; do printf '%s\n' "$certificates_sum"; done | sort -u) || return 2
    [ "$certificates_wanted" = "$(cat "$SUMS")" ]
}

# certificates_renewed END SUM...: none of these is left, and there are some
certificates_renewed() {
    certificates_of "$1" || return $?
    shift
    SAYS='no certificate is below /ssl_nimsh/certs'
    [ -s "$SUMS" ] || return 1
    SAYS='an old certificate is still there'
    for certificates_sum in "$@"; do
        ! grep -x "$certificates_sum" "$SUMS" > /dev/null || return 1
    done
}

# certificate_new END: a file with a certificate is new since the step began, whose state is in $WAS
certificate_new() {
    certificates_of "$1" || return $?
    SAYS='no certificate file below /ssl_nimsh/certs is new'
    new_number=0
    while IFS='	' read -r new_path new_state; do
        new_number=$((new_number + 1))
        case $new_state in
            *' '*' '*) ;;
            *) continue ;;
        esac
        new_was=$(awk -F'\t' -v path="$new_path" '$1 == path { print NR "\t" $2; exit }' "$WAS/certificates") || return 2
        [ "${new_was#*	}" = "$new_state" ] || return 0
        [ -z "$(find "$ROOT$new_path" -newer "$WAS/time.${new_was%%	*}" -print 2> /dev/null)" ] || return 0
    done < "$ROWS"
    return 1
}

# shares_certificate END
shares_certificate() {
    certificates_of client || return $?
    shares_mine=$SUMS
    certificates_of master || return $?
    SAYS='the certificates of one end are not known'
    [ -s "$shares_mine" ] && [ -s "$SUMS" ] || return 2
    SAYS='they share no certificate'
    while read -r shares_sum; do
        ! grep -x "$shares_sum" "$SUMS" > /dev/null || return 0
    done < "$shares_mine"
    return 1
}

# secured_clients_are END NAMES BESIDES: machines of connect = nimsh (secure), without those besides
secured_clients_are() {
    objects "$1" || return $?
    machines 'connect == "nimsh (secure)"' && sort "$MACHINES" > "$MACHINES.sorted" || return 2
    secured_found=''
    while read -r secured_name; do
        case " $3 " in
            *" $secured_name "*) ;;
            *) secured_found="$secured_found $secured_name" ;;
        esac
    done < "$MACHINES.sorted"
    SAYS="the other secured clients are${secured_found:- none}"
    [ "${secured_found# }" = "$2" ]
}

# tree_complete END
tree_complete() {
    for tree_part in certs configs keys; do
        reach "$1" "/ssl_nimsh/$tree_part/x" || not_if_absent "$?" || return $?
        SAYS="missing or empty: /ssl_nimsh/$tree_part"
        [ -n "$(ls -A "$ROOT/ssl_nimsh/$tree_part" 2> /dev/null)" ] || return 1
    done
}

# -- conditions that prove a fetch

# tftp_served END: an active row, and inetd serves it
tftp_served() {
    plain "$1" /etc/inetd.conf || return $?
    SAYS='no active tftp row is in /etc/inetd.conf'
    inetd_rows "$FILE" | grep '^tftp	' > /dev/null || return 1
    serves "$1" tftp || return $?
    SAYS="inetd does not serve tftp (lssrc)"
    [ "$SERVES" = yes ]
}

# tftp_allowed END: /etc/tftpaccess.ctl does not keep the certificate from being fetched
tftp_allowed() {
    reach "$1" /etc/tftpaccess.ctl || return $?
    anything "$FILE" || return 0
    plain "$1" /etc/tftpaccess.ctl || return $?
    # what nobody cannot read does not bind tftpd
    case "$OWNER $RIGHTS" in
        nobody* | *' -'??????r* | *+) ;;
        *) return 0 ;;
    esac
    allowed_rules=$FILE
    certificates_of "$1" || return $?
    allowed_served=$(awk -F'\t' '
        split($2, words, " ") > 2 { all = all " " $1; if ($1 == "/ssl_nimsh/certs/server.pem") served = $1 }
        END { print served != "" ? served : all != "" ? all : "/ssl_nimsh/certs/server.pem" }' "$ROWS") || return 2
    SAYS='/etc/tftpaccess.ctl cannot be read'
    allowed_denied=$(awk -v paths="$allowed_served" '
        function clean(path) { gsub(/\/+/, "/", path); gsub(/\/\.(\/|$)/, "/", path); if (path != "/") sub(/\/$/, "", path); return path }
        function covers(rule, path) { return rule == "/" || path == rule || index(path, rule "/") == 1 }
        { sub(/\r$/, "") }
        /^[ \t]*(allow|deny)[ \t]*:[ \t]*\/[^ \t]*[ \t]*$/ {
            rule = $0
            sub(/^[^:]*:[ \t]*/, "", rule)
            sub(/[ \t]*$/, "", rule)
            if ($0 ~ /^[ \t]*allow/) allow[++allows] = clean(rule); else deny[++denies] = clean(rule)
            next
        }
        NF && !/^[ \t]*#/ { prose = 1 }
        END {
            if (prose && !allows && !denies) { print "?"; exit }
            count = split(paths, wanted, " ")
            for (i = 1; i <= count; i++) {
                fine = 0
                for (j = 1; j <= allows; j++) if (covers(allow[j], wanted[i])) fine = 1
                for (j = 1; j <= denies; j++) if (covers(deny[j], wanted[i])) fine = 0
                if (!fine) print wanted[i]
            }
        }' "$allowed_rules") || return 2
    SAYS='/etc/tftpaccess.ctl holds no allow: or deny: line'
    [ "$allowed_denied" != '?' ] || return 2
    SAYS="/etc/tftpaccess.ctl denies $(on_one_line "$allowed_denied")"
    [ -z "$allowed_denied" ]
}

# auditing_off END: tftpd does not serve while auditing is on
auditing_off() {
    ask "$1" audit audit query || return $?
    case $(awk '/^[ \t]*[Aa][Uu][Dd][Ii][Tt][Ii][Nn][Gg][ \t]+[Oo][NnFf]/ { print tolower($2); exit }' "$OUT") in
        off*) return 0 ;;
        on*)
            SAYS='audit query says auditing on'
            return 1
            ;;
    esac
    SAYS='whether auditing is on is not known (audit query)'
    return 2
}

# certificate_served END
certificate_served() {
    certificates_of "$1" || return $?
    served_path=$(awk -F'\t' '
        split($2, words, " ") > 2 { if (first == "") first = $1; if ($1 == "/ssl_nimsh/certs/server.pem") own = $1 }
        END { print own != "" ? own : first }' "$ROWS") || return 2
    if [ -n "$served_path" ]; then
        SAYS="whether nobody can read $served_path, as whom tftpd serves it, is not known"
        look "$ROOT$served_path" || return 2
        case $RIGHTS in *+) return 2 ;; esac
        SAYS="$served_path cannot be read by nobody, as whom tftpd serves it"
        case "$OWNER $RIGHTS" in
            nobody* | *' -'??????r*) return 0 ;;
        esac
        return 1
    fi
    SAYS='no certificate is below /ssl_nimsh/certs'
    return 1
}

# tftp_answers END HOST PORT: an error answer to a request for what cannot exist shows that tftp lives
tftp_answers() {
    at "$1" || return 3
    SAYS="tftp on $2 is not asked from here: port $3 is not the one the tftp command asks"
    [ "$3" = 69 ] || return 2
    program "$1" tftp || return $?
    answers_path=$PROGRAM
    limited 30 "$WORK/now/tftp" "$WORK/now/tftp.err" "$answers_path" -o "$WORK/now/fetched" "$2" "nimdoctor.$PLAN16" netascii
    SAYS="tftp on $2 does not answer"
    # what tftp says of itself, as of a host that it does not know, is no answer
    grep -Ei 'error code *[0-9]|access violation|file not found|received [0-9]' "$WORK/now/tftp" "$WORK/now/tftp.err" > /dev/null
}

# fetch_unproved END
fetch_unproved() {
    at "$1"
    SAYS='the plan was made without its master, and no probe of its tftp was answered'
    return 1
}

# inetd_agrees END SERVICE: apart from one service a refresh of inetd changes none
inetd_agrees() {
    plain "$1" /etc/inetd.conf || return $?
    agrees_file=$FILE
    inetd_services "$1" || return $?
    SAYS='what inetd serves now is not known (lssrc -ls inetd)'
    [ -n "$COMPLETE" ] || return 2
    SAYS='/etc/inetd.conf cannot be read'
    inetd_rows "$agrees_file" > "$WORK/now/wanted" || return 2
    agrees_says=$(awk -F'\t' -v besides="$2" '
        $1 == besides || $1 == "=" { next }
        FNR == NR {
            if (!($1 in programs)) order[++count] = $1
            programs[$1] = programs[$1] "\n" $2
            arguments[$1] = arguments[$1] "\n" $3
            next
        }
        $3 == "active" { serving[$1] = $2; shown[$1] = $4 }
        END {
            for (i = 1; i <= count; i++) {
                name = order[i]
                if (!(name in serving)) said = said ", would start " name
                else if (serving[name] ~ /^\//) {
                    # lssrc may cut what is long, so a beginning is enough
                    if (!index(programs[name], "\n" serving[name])) said = said ", would change " name
                    else if (shown[name] != "" && !index(arguments[name], "\n" shown[name])) said = said ", would change " name
                }
            }
            for (name in serving) if (!(name in programs)) said = said ", would stop " name
            if (said != "") print "refresh -s inetd" substr(said, 2)
        }' "$WORK/now/wanted" "$ROWS") || return 2
    SAYS=$agrees_says
    [ -z "$SAYS" ]
}

# tftpd_idle END: no tftpd runs, which may hold the rules that it began with
tftpd_idle() {
    processes "$1" || return $?
    SAYS='tftpd serves somebody right now'
    awk '{ program = $4; sub(/^.*\//, "", program); if (program == "tftpd") found = 1 } END { exit found }' "$ROWS"
}

# nobody_fetches END
nobody_fetches() {
    tftpd_idle "$1" || return $?
    objects "$1" || return $?
    machines 'v("Cstate") ~ /has been enabled/ || v("Cstate") ~ /is being performed/' || return 2
    SAYS="an operation is prepared or under way: $(on_one_line "$(cat "$MACHINES")")"
    [ ! -s "$MACHINES" ]
}

# -- conditions that keep away from a host at work, or one that is not as it was

# ago SECONDS FILE: gives the file the time that many seconds ago
ago() {
    # in UTC, as touch takes it
    ago_stamp=$(date -u '+%Y %m %d %H %M %S' | awk -v ago="$1" '
        function leap(y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0 }
        function days_in(m, y) { return m == 2 ? 28 + leap(y) : 30 + (m + (m > 7)) % 2 }
        {
            year = $1; month = $2 + 0; day = $3 + 0
            second = $4 * 3600 + $5 * 60 + $6 - ago
            while (second < 0) {
                second = second + 86400
                if (--day < 1) {
                    if (--month < 1) { month = 12; year-- }
                    day = days_in(month, year)
                }
            }
            printf "%04d%02d%02d%02d%02d.%02d\n", year, month, day, int(second / 3600), int(second / 60) % 60, second % 60
        }')
    TZ=UTC0 touch -t "$ago_stamp" "$2"
}

# proved_hung: whether the client's newest TLS session has stood at `create BIO` for ten minutes, with nothing after it
proved_hung() {
    plain client /var/adm/ras/nimsh.log || return 1
    HUNG_LOG=$FILE
    ago 600 "$WORK/now/ten-minutes" || return 1
    hung_newer=$(find "$HUNG_LOG" -newer "$WORK/now/ten-minutes" -print) && [ -z "$hung_newer" ] || return 1
    tail -n 400 "$HUNG_LOG" | awk '
        { line = tolower($0) }
        line ~ /loading certificates/ { loaded = 1 }
        line !~ /^[ \t\r]*$/ { last = line }
        END { exit !(loaded && last ~ /create bio/) }'
}

# belongs_to_it SECONDS: whether a process that has run for so long may be of the push that hangs, not of a later one
belongs_to_it() {
    [ "$1" != - ] || return 0
    # two minutes may pass before a session reaches `create BIO`
    ago $(($1 + 120)) "$WORK/now/begun" || return 1
    [ -n "$(find "$HUNG_LOG" -newer "$WORK/now/begun" -print)" ]
}

# client_idle END yes|no: no push and no installation; yes waives a push that is proved to hang
client_idle() {
    nimsh_process "$1" || return $?
    idle_runs=$(awk '{
        program = $4
        sub(/^.*\//, "", program)
        # of a script ps shows the shell first
        if (program ~ /^(ksh|ksh93|bsh|sh|bash|psh|perl)$/) {
            for (i = 5; i <= NF; i++) if ($i !~ /^-/) { program = $i; sub(/^.*\//, "", program); break }
        }
        if (program ~ /^(installp|mksysb|nimadm|alt_rootvg_op)$/ || program ~ /^alt_disk/) { print program; exit }
    }' "$ROWS") || return 2
    SAYS="$idle_runs runs"
    [ -z "$idle_runs" ] || return 1
    [ -n "$BUSY" ] || return 0
    idle_rows=$ROWS
    SAYS="nimsh has a child: a push is under way (process $(on_one_line "$BUSY"))"
    [ "$2" = yes ] && proved_hung || return 1
    for idle_child in $BUSY; do
        SAYS="nimsh has a child: a push is under way, which began after the one that is proved to hang (process $idle_child)"
        belongs_to_it "$(awk -v child="$idle_child" '$1 == child { print $3; exit }' "$idle_rows")" || return 1
    done
}

# master_idle END MACHINES CLIENT: no nim command runs, nothing is being performed on these; CLIENT is waived where it hangs
master_idle() {
    processes "$1" || return $?
    idle_rows=$ROWS idle_waived=''
    objects "$1" || return $?
    if [ -n "$3" ] && proved_hung; then
        idle_waived=$3
    fi
    SAYS='the processes cannot be read'
    awk -v waived="$idle_waived" '{
        program = $4
        sub(/^.*\//, "", program)
        if (program != "nim") next
        mine = 0
        for (i = 5; i <= NF; i++) if (waived != "" && $i == waived) mine = 1
        print $1 " " (mine ? $3 : "no")
    }' "$idle_rows" > "$WORK/now/nim" || return 2
    while read -r idle_process idle_ran; do
        SAYS="a nim command runs (process $idle_process)"
        { [ "$idle_ran" != no ] && belongs_to_it "$idle_ran"; } || return 1
    done < "$WORK/now/nim"
    machines 'v("Cstate") ~ /is being performed/' || return 2
    while read -r idle_name; do
        [ "$idle_name" != "$idle_waived" ] || continue
        case " $2 " in
            *" $idle_name "*)
                SAYS="an operation is being performed on $idle_name"
                return 1
                ;;
        esac
    done < "$MACHINES"
}

# as_at_plan END LEVEL APARS: the level is that of the plan, which found the end below generation G2, and no later fix came
as_at_plan() {
    ask "$1" oslevel oslevel -s || return $?
    as_level=$(awk 'NF { print $1; exit }' "$OUT")
    SAYS="oslevel -s says ${as_level:-nothing}, the plan was made at ${2:-a level nobody knows}: make a new one"
    [ -n "$as_level" ] && [ "$as_level" = "$2" ] || return 1
    # 249 goes with fixes that are not there
    ask_any "$1" instfix instfix -ik "$3" || return $?
    SAYS='a fix of generation G2 or later is installed: IBM node/7251173 and node/7283157 say what to do'
    ! grep 'All filesets for .* were found' "$OUT" > /dev/null || return 1
    for as_apar in $3; do
        SAYS="whether $as_apar is installed is not known (instfix -ik)"
        grep -F "There was no data for $as_apar in" "$OUT" > /dev/null || grep -F "Not all filesets for $as_apar were" "$OUT" > /dev/null || return 2
    done
}

# hardened END WORDS: so the plan found it, and a script cannot find otherwise
hardened() {
    SAYS=$2
    return 1
}

# role_is END ROLE
role_is() {
    plays "$1" "$2"
}

# not_secure_master END
not_secure_master() {
    at "$1" || return 3
    # a log is no proof that it is not a master as well
    { niminfo "$1" NIM_CONFIGURATION && [ -n "$VALUE" ]; } || objects "$1" || {
        filesets "$1" 'name in rows' bos.sysmgt.nim.master '' && return 0
        SAYS='whether the host is a NIM master is not known (/etc/niminfo, lsnim -l, lslpp -lc)'
        return 2
    }
    plays "$1" master
    case $? in
        0) ;;
        1) return 0 ;;
        3) return 3 ;;
        *) return 2 ;;
    esac
    ssl_of "$1" || return $?
    SAYS='the host is itself a NIM master with SSL'
    [ "$SSL" = no ]
}

# not_in_wpar END
not_in_wpar() {
    ask "$1" wpar uname -W || return $?
    wpar_said=$(awk 'NF { print $1; exit }' "$OUT")
    SAYS="uname -W says $wpar_said"
    case $wpar_said in
        '' | *[!0-9]*) return 2 ;;
    esac
    [ "$wpar_said" -eq 0 ]
}

# -- conditions about SRC, filesets, niminfo and NIM's objects

# subsystem_is END NAME yes|no
subsystem_is() {
    subsystem "$1" "$2" || return $?
    SAYS="$2 is not active"
    [ "$3" = yes ] || SAYS="$2 is active"
    [ "$ACTIVE" = "$3" ]
}

# port_free END PORT
port_free() {
    ask "$1" netstat netstat -an || return $?
    port_row=$(awk -v port="$2" '
        /Local Address|Active Internet/ { some = 1 }
        $1 ~ /^[0-9a-f]+$/ && $2 ~ /^tcp/ { sub(/^[ \t]*[^ \t]+[ \t]+/, "") }
        $1 ~ /^tcp[0-9]*$/ { some = 1 }
        $1 ~ /^tcp[0-9]*$/ && $6 == "LISTEN" && $4 ~ ("[.:]" port "$") { found = $0; exit }
        END { print found != "" ? found : some ? "" : "?" }' "$OUT") || return 2
    SAYS="whether something listens on $2 is not known (netstat -an)"
    [ "$port_row" != '?' ] || return 2
    SAYS="something listens on $2: $port_row"
    [ -z "$port_row" ]
}

# port_for END PORT NAME: nothing but that daemon listens
port_for() {
    at "$1" || return 3
    if subsystem "$1" "$3" && [ "$ACTIVE" = yes ]; then
        return 0
    fi
    port_free "$1" "$2"
}

# crypto_is END on|off
crypto_is() {
    crypto "$1" || return $?
    SAYS="nimsh has crypto $CRYPTO"
    [ "$CRYPTO" = "$2" ]
}

# push_is END on|off
push_is() {
    push_of "$1" || return $?
    SAYS="nimsh takes pushes"
    [ "$PUSH" = on ] || SAYS="nimsh refuses pushes"
    [ "$PUSH" = "$2" ]
}

# boot_row END yes|no: a row that init acts on when it boots to run level 2, or none at all
boot_row() {
    boot_of "$1" || return $?
    SAYS="lsitab nimsh shows ${BOOT_ROW:-no row}"
    if [ "$2" = no ]; then
        [ -z "$BOOT_ROW" ]
        return
    fi
    printf '%s\n' "$BOOT_ROW" | awk -F: '
        { exit !(NF > 3 && ($2 == "" || $2 ~ /2/) && $3 ~ /^(boot|bootwait|once|respawn|sysinit|wait)$/) }'
}

# niminfo_says END VARIABLE VALUE
niminfo_says() {
    niminfo "$1" "$2" || not_if_absent "$?" || return $?
    SAYS="/etc/niminfo has $2=$VALUE"
    [ "$(printf '%s\n' "$VALUE" | tr '[:upper:]' '[:lower:]')" = "$(printf '%s\n' "$3" | tr '[:upper:]' '[:lower:]')" ]
}

# object_is_hosts END NAME HOST...: the master has that machine, with an interface of this host
object_is_hosts() {
    object_of=$2
    if at master && objects master; then
        :
    else
        ask client object nimclient -l -l "$2" || return $?
        object_rows "$WORK/now/object"
        SAYS="the master's objects are not known (lsnim -l, nimclient -l -l)"
        [ -s "$ROWS" ] || return 2
    fi
    shift 2
    SAYS="the master shows no machine $object_of"
    machines 1 || return 2
    SAYS="the master shows no machine $object_of"
    grep -x "$object_of" "$MACHINES" > /dev/null || return 1
    object_names=$(awk -F'\t' -v name="$object_of" '$1 == name && $2 ~ /^if[0-9]+$/ && split($3, words, " ") > 1 { print words[2] }' "$ROWS")
    SAYS="$object_of has the interfaces $(on_one_line "$object_names")"
    for object_host in "$@"; do
        for object_name in $object_names; do
            ! same_host "$object_name" "$object_host" || return 0
        done
    done
    return 1
}

# same_host NAME NAME: equal, or one the short form of the other
same_host() {
    printf '%s\n%s\n' "$1" "$2" | awk '
        { name = tolower($0); sub(/\.+$/, "", name); names[NR] = name; digits = name; gsub(/\./, "", digits); if (digits ~ /^[0-9]+$/) address = 1 }
        END {
            same = names[1] == names[2]
            if (!same && !address) same = index(names[1], names[2] ".") == 1 || index(names[2], names[1] ".") == 1
            exit !same
        }'
}

# filesets END CONDITION NAMES WORDS: the names for which CONDITION of awk holds are said; false when there are some
filesets() {
    ask "$1" lslpp lslpp -lc || return $?
    filesets_said=$(awk -F: -v names="$3" '
        $1 ~ /^\// && NF >= 7 && $3 ~ /^[0-9]/ {
            some = 1
            rows[$2]++
            if (toupper($5) ~ /^(BROKEN|APPLYING|COMMITTING|REJECTING|DEINSTALLING)$/ || ($5 ~ /^[ABCEO?]+$/ && $5 ~ /[B?]/)) broken[$2] = 1
            if (NF > 7 && $NF !~ /^[ \t\r]*$/) locked[$2] = 1
        }
        END {
            if (!some) { print "?"; exit }
            count = split(names, wanted, " ")
            for (i = 1; i <= count; i++) { name = wanted[i]; if ('"$2"') printf " %s", name }
        }' "$OUT") || filesets_said='?'
    SAYS='the installed filesets are not known (lslpp -lc)'
    [ "$filesets_said" != '?' ] || return 2
    SAYS="$4$filesets_said"
    [ -z "$filesets_said" ]
}

# filesets_installed END NAMES
filesets_installed() {
    # shellcheck disable=SC2016 # awk
    filesets "$1" '!(name in rows) || (name in broken)' "$2" 'not installed, or broken:'
}

# filesets_unlocked END NAMES
filesets_unlocked() {
    filesets "$1" 'name in locked' "$2" 'locked by an interim fix:'
}

# preview_touches_only END PREFIX COMMAND ARGUMENT...: a preview names filesets of that prefix and no other
preview_touches_only() {
    program "$1" "$3" || return $?
    preview_path=$PROGRAM preview_prefix=$2
    shift 3
    limited 600 "$WORK/now/preview" "$WORK/now/preview.err" "$preview_path" "$@"
    SAYS='the preview did not end in ten minutes'
    [ "$STATUS" != late ] || return 2
    preview_found=$(cat "$WORK/now/preview" "$WORK/now/preview.err" | awk -v prefix="$preview_prefix" '
        $1 ~ /^[A-Za-z][A-Za-z0-9_+-]*(\.[A-Za-z0-9_+-]+)+$/ && $2 ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/ {
            if (index($1, prefix) == 1) some = 1
            else if (!($1 in seen)) { seen[$1] = 1; others = others " " $1 }
        }
        END { print others != "" ? "others:" others : some ? "fine" : "nothing" }')
    case $preview_found in
        others:*)
            SAYS="it would change others too:${preview_found#others:}"
            return 1
            ;;
    esac
    SAYS="the preview ended with status $STATUS"
    [ "$STATUS" = 0 ] || return 1
    SAYS='the preview names no fileset'
    [ "$preview_found" = fine ] || return 2
}
