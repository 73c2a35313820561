# Functions of the script that collects. ksh88: a function shares all variables with its caller, so its own begin with its name.

say() {
    printf '%s\n' "$*"
}

warn() {
    printf '%s\n' "$*" >&2
}

give_up() {
    warn "$*"
    exit 1
}

usage() {
    warn "usage: $NAME [DIRECTORY]   (where the archive goes; the current directory without it)"
    exit 2
}

main() {
    [ "$#" -le 1 ] || usage
    case ${1:-} in
        '') ;;
        -*) usage ;;
        /*) START=$1 ;;
        *) START=$START/$1 ;;
    esac
    make_place
    copy every /etc/niminfo
    know_names
    rows
    path_rows
    paths_as_json
    write_manifest
    pack
}

# begin_script: what must be the same wherever it runs
begin_script() {
    PATH=/usr/bin:/usr/sbin:/sbin:/bin
    LC_ALL=C
    LANG=C
    HOME=/
    export PATH LC_ALL LANG HOME
    # as nimdoctor runs commands: the ODM is the one in /etc/objrepos, and no program reads what its caller chose
    unset ENV CDPATH ODMDIR LIBPATH LD_LIBRARY_PATH LD_PRELOAD LDR_CNTRL LDR_PRELOAD LDR_PRELOAD64
    unset OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES PERL5OPT PERL5LIB PERLLIB NIMDOCTOR_ROOT
    IFS=' 	
'
    cd / || exit 1
    CHILD='' WATCH='' WORK='' WATCHED=0 STATUS='' ROOT=''
    # what looks for something and has no tool to look with would find nothing
    for begin_tool in awk cat cut date dd dirname find grep id ls mkdir mv ps rm sed sleep sort tail tar tr uname wc; do
        command -v "$begin_tool" > /dev/null || give_up "refused: this host has no command $begin_tool in $PATH"
    done
}

interrupted() {
    trap '' INT TERM HUP
    warn "interrupted"
    if [ -n "$CHILD" ]; then
        end_tree 2> /dev/null && end_tree 2> /dev/null
        end_watch
    fi
    exit "$1"
}

# make_place: a directory of our own, that nobody else can read or has made before us
make_place() {
    umask 077
    [ -d "$START" ] || give_up "$START is no directory"
    mkdir "$START/.nimdoctor-collect.$$" || give_up "nothing collected: $START/.nimdoctor-collect.$$ cannot be made"
    WORK=$START/.nimdoctor-collect.$$
    PLACE=$WORK/evidence
    mkdir "$PLACE" "$PLACE/files" "$PLACE/commands" || give_up "nothing collected: $PLACE cannot be made"
    for make_list in commands paths complete files not_collected remarks listed; do
        : > "$WORK/$make_list" || give_up "nothing collected: $WORK cannot be written"
    done
    make_system=$(uname -s)
    [ -n "$ROOT" ] || [ "$make_system" = AIX ] || remark "this host runs $make_system, not AIX: neither NIM nor its commands are here"
    [ -n "$ROOT" ] || [ "$(id -u)" = 0 ] || remark "not run as root: what only root may read is unknown"
}

# clean_up: nothing is left but the archive
clean_up() {
    clean_status=$?
    # $$ is that of the script in a subshell too, which must remove nothing
    [ "$(exec sh -c 'echo "$PPID"')" = "$$" ] || exit "$clean_status"
    trap '' INT TERM HUP
    [ -z "$WORK" ] || rm -rf "$WORK"
    exit "$clean_status"
}

# niminfo VARIABLE: sets VALUE to what its copy gives it, whole, in quotes or over several lines
niminfo() {
    VALUE=''
    [ -f "$PLACE/files/etc/niminfo" ] || return 1
    VALUE=$(awk -v wanted="$1" '
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
        }' "$PLACE/files/etc/niminfo")
}

# know_names: the host's ROLES, and what stands for the placeholders of its commands, from /etc/niminfo
know_names() {
    niminfo NIM_CONFIGURATION
    case $(printf '%s\n' "$VALUE" | tr '[:upper:]' '[:lower:]') in
        master) ROLES=master ;;
        alternate_master) ROLES=client,master ;;
        ?*) ROLES=client ;;
        *) ROLES='' ;;
    esac
    name_of NIM_NAME
    NIM_NAME=$VALUE
    name_of NIM_HOSTNAME
    CLIENT_HOSTNAME=$VALUE
    name_of NIM_MASTER_HOSTNAME
    MASTER_HOSTNAME=$VALUE
    niminfo NIM_HOSTS
    HOSTS=$VALUE
    address_of "$CLIENT_HOSTNAME"
    CLIENT_ADDRESS=$VALUE
    address_of "$MASTER_HOSTNAME"
    MASTER_ADDRESS=$VALUE
    MASTERS=''
    [ -z "$MASTER_HOSTNAME" ] || MASTERS=$(printf '%s\n' "$HOSTS" | awk -v wanted="$MASTER_HOSTNAME" '
        { for (i = 1; i <= NF; i++) {
            count = split($i, known, ":")
            for (j = 1; j <= count; j++) if (tolower(known[j]) == tolower(wanted)) { print $i; break }
        } }' | tr ':\n' '  ')
    MASTERS="$MASTER_HOSTNAME $MASTERS"
}

# name_of VARIABLE: sets VALUE; empty where it is no name, since as an argument it could become an option
name_of() {
    niminfo "$1"
    case $VALUE in
        *[!A-Za-z0-9_.:%+-]* | [!A-Za-z0-9_]*) VALUE='' ;;
    esac
}

# address_of NAME: sets VALUE to the address that NIM_HOSTS gives it
address_of() {
    VALUE=$(printf '%s\n' "$HOSTS" | awk -v wanted="$1" '
        wanted != "" { for (i = 1; i <= NF; i++) {
            count = split($i, known, ":")
            for (j = 2; j <= count; j++) if (tolower(known[j]) == tolower(wanted)) { print known[1]; exit }
        } }')
    case $VALUE in
        *[!A-Za-z0-9_.:%+-]* | [!A-Za-z0-9_]*) VALUE='' ;;
    esac
}

# for_us ROLE: whether what is read of that role is read here; where the role is not known everything is
for_us() {
    [ "$1" != every ] && [ -n "$ROLES" ] || return 0
    case ",$ROLES," in
        *",$1,"*) return 0 ;;
    esac
    return 1
}

# -- what the manifest says

# json TEXT: a string of JSON
json() {
    printf '%s\n' "$1" | json_of
}

# json_of: standard input as a string of JSON, without the end of its last line; for whole lines add one by hand
json_of() {
    tr -d '\000' | awk '
        BEGIN { for (i = 1; i < 32; i++) code[sprintf("%c", i)] = sprintf("\\u%04x", i); printf "\"" }
        {
            if (NR > 1) printf "\\n"
            for (i = 1; i <= length($0); i++) {
                letter = substr($0, i, 1)
                if (letter == "\"" || letter == "\\") printf "\\%s", letter
                else if (letter in code) printf "%s", code[letter]
                else printf "%s", letter
            }
        }
        END { printf "\"" }'
}

# entry LIST NAME VALUE: one more member of that object; VALUE is JSON
entry() {
    printf '%s: %s\n' "$(json "$2")" "$3" >> "$WORK/$1"
}

not_collected() {
    warn "not collected: $1: $2"
    entry not_collected "$1" "$(json "$2")"
}

remark() {
    warn "$1"
    json "$1" >> "$WORK/remarks"
    printf '\n' >> "$WORK/remarks"
}

# joined LIST: its lines with commas between them
joined() {
    awk '{ if (NR > 1) print ","; printf "  %s", $0 } END { if (NR) print "" }' "$WORK/$1"
}

# write_manifest: whole, at the end
write_manifest() {
    UTC=$(sed -n 1p "$PLACE/$DATE_FILE" 2> /dev/null)
    case $UTC in
        [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z) ;;
        *) UTC=$(date -u +%Y-%m-%dT%H:%M:%SZ) ;;
    esac
    HOST=$(awk 'NF { print $1; exit }' "$PLACE/$HOST_FILE" 2> /dev/null)
    [ -n "$HOST" ] || HOST=$CLIENT_HOSTNAME
    {
        printf '{\n "schema": "nimdoctor.evidence/1",\n'
        [ -z "$HOST" ] || printf ' "host": %s,\n' "$(json "$HOST")"
        [ -z "$ROLES" ] || printf ' "role": "%s",\n' "$ROLES"
        printf ' "collected": "%s",\n "collector": %s,\n "redacted": false,\n' "$UTC" "$(json "$COLLECTOR")"
        if [ -n "$ROOT" ]; then write_thorough=false; else write_thorough=true; fi
        printf ' "thorough": %s,\n' "$write_thorough"
        for write_list in commands paths files not_collected; do
            printf ' "%s": {\n' "$write_list"
            joined "$write_list"
            printf ' },\n'
        done
        printf ' "complete": [\n'
        joined complete
        printf ' ],\n "remarks": [\n'
        joined remarks
        printf ' ]\n}\n'
    } > "$PLACE/manifest.json" || give_up "nothing collected: $PLACE/manifest.json cannot be written"
}

# pack: the archive, compressed with what the host has; its name says that it is raw
pack() {
    pack_host=$(printf '%s\n' "${HOST:-host}" | sed 's/[^A-Za-z0-9_.@+-]/_/g' | cut -c1-80)
    case $pack_host in
        [!A-Za-z0-9]*) pack_host=_$pack_host ;;
    esac
    pack_name=$pack_host.nimdoctor-RAW.$(printf '%s\n' "$UTC" | tr -d ':-').tar
    cd "$PLACE" && tar -cf "$WORK/$pack_name" manifest.json files commands || give_up "nothing collected: the archive cannot be written"
    cd /
    if command -v gzip > /dev/null && gzip -n -c "$WORK/$pack_name" > "$WORK/$pack_name.gz"; then
        pack_name=$pack_name.gz
    elif command -v compress > /dev/null && compress -c "$WORK/$pack_name" > "$WORK/$pack_name.Z"; then
        pack_name=$pack_name.Z
    fi
    if anything "$START/$pack_name"; then
        give_up "nothing collected: $START/$pack_name exists already"
    fi
    mv "$WORK/$pack_name" "$START/$pack_name" || give_up "nothing collected: $START/$pack_name cannot be written"
    warn "this archive is RAW: names, addresses and serial numbers are in it as they are; nimdoctor report makes one to send of it"
    say "$START/$pack_name"
}

# -- files

# copy ROLE PATH: a copy of that file, without private keys
copy() {
    for_us "$1" && may_be_copied "$2" || return 0
    case $2 in
        /ssl_nimsh* | /usr/samples/nim/ssl/*)
            if is_binary "$ROOT$2"; then
                not_collected "$2" "is no text: the script does not take it"
                return 0
            fi
            case $2 in
                /usr/samples/nim/ssl/* | */configs/*) without_keys "$ROOT$2" > "$PLACE/files$2" ;;
                *) certificates_only "$ROOT$2" > "$PLACE/files$2" ;;
            esac
            ;;
        *)
            if [ "$(($(wc -c < "$ROOT$2")))" -gt "$((16 * BLOCK))" ]; then
                not_collected "$2" "is larger than 16 MiB; the first 16 MiB were used"
            fi
            first_part "$ROOT$2" > "$PLACE/files$2"
            ;;
    esac || could_not "$2"
}

# copy_all ROLE DIRECTORY REST: of all that stands in the directory, itself or what is called REST in it
copy_all() {
    for_us "$1" || return 0
    if hidden "$ROOT$2"; then
        not_collected "$2/*$3" "$HIDDEN"
        return 0
    fi
    [ -d "$ROOT$2" ] || return 0
    for copy_all_one in "$ROOT$2"/* "$ROOT$2"/.[!.]* "$ROOT$2"/..?*; do
        [ -f "$copy_all_one$3" ] || continue
        copy "$1" "${copy_all_one#"$ROOT"}$3"
    done
}

# copy_newest ROLE PATH: of a log its last blocks, from the first whole line on
copy_newest() {
    for_us "$1" && may_be_copied "$2" || return 0
    newest_size=$(wc -c < "$ROOT$2")
    newest_gone=$(blocks_gone "$ROOT$2")
    if [ "$newest_gone" -le 0 ]; then
        without_keys "$ROOT$2" > "$PLACE/files$2" || could_not "$2"
        return 0
    fi
    dd if="$ROOT$2" bs="$BLOCK" skip="$newest_gone" 2> /dev/null | tail -n +2 > "$WORK/newest" || {
        could_not "$2"
        return 0
    }
    newest_left=$(printf '%s %s\n' "$newest_size" "$(wc -c < "$WORK/newest")" | awk '{ printf "%.0f\n", $1 - $2 }')
    newest_first=$(($(dd if="$ROOT$2" bs="$BLOCK" count="$newest_gone" 2> /dev/null | wc -l) + 2))
    without_keys "$WORK/newest" > "$PLACE/files$2" || could_not "$2"
    rm -f "$WORK/newest"
    entry files "$2" "{\"first_line\": $newest_first, \"bytes_left_out\": $newest_left}"
}

# copy_trust ROLE PATH: of /.rhosts the lines that name the master, the others blank
copy_trust() {
    for_us "$1" && may_be_copied "$2" || return 0
    if [ "$MASTERS" = ' ' ]; then
        not_collected "$2" "which lines name the master is not known, so none is taken"
        return 0
    fi
    awk -v masters="$MASTERS" -v counted="$WORK/left" '
        function same(one, other) {
            sub(/[.]*$/, "", one)
            sub(/[.]*$/, "", other)
            if (one == other) return 1
            if (one ~ /^[0-9.]*$/ || other ~ /^[0-9.]*$/) return 0
            return index(one, other ".") == 1 || index(other, one ".") == 1
        }
        BEGIN { count = split(tolower(masters), master, " ") }
        {
            sub(/\r$/, "")
            mine = 0
            if (NF && substr($1, 1, 1) !~ /[#+-]/) for (i = 1; i <= count; i++) if (same(tolower($1), master[i])) mine = 1
            if (!mine && NF) left++
            print mine ? $0 : ""
        }
        END { print left + 0 > counted }' "$ROOT$2" > "$PLACE/files$2" || could_not "$2"
    copy_trust_left=$(cat "$WORK/left")
    [ "$copy_trust_left" = 0 ] || entry files "$2" "{\"lines_left_out\": $copy_trust_left}"
}

# anything FILE: whether something stands there, be it a link to nowhere
anything() {
    [ -e "$1" ] || [ -h "$1" ]
}

# may_be_copied PATH: whether it is there and may be; makes the directory of its copy
may_be_copied() {
    case $1 in
        /ssl_nimsh*/keys/*) return 1 ;;
    esac
    [ ! -f "$PLACE/files$1" ] || return 1
    if [ -h "$ROOT$1" ]; then
        if [ ! -e "$ROOT$1" ]; then
            not_collected "$1" "is a link that leads nowhere"
            return 1
        fi
        case $(ls -ld "$ROOT$1") in
            *" -> "*keys*)
                not_collected "$1" "is a link to what may be a key"
                return 1
                ;;
            *" -> "*) ;;
            *)
                not_collected "$1" "is a link, and where it leads is not known"
                return 1
                ;;
        esac
    fi
    if [ ! -e "$ROOT$1" ]; then
        absent "$ROOT$1" || not_collected "$1" "cannot be read: Permission denied: run as root"
        return 1
    fi
    if [ ! -f "$ROOT$1" ]; then
        not_collected "$1" "cannot be read: not a regular file"
        return 1
    fi
    case $1 in
        *[!\ -~]* | *\\*)
            not_collected "$1" "its name cannot stand in an archive"
            return 1
            ;;
    esac
    if [ ! -r "$ROOT$1" ]; then
        not_collected "$1" "cannot be read: Permission denied: run as root"
        return 1
    fi
    mkdir -p "$(dirname "$PLACE/files$1")" || give_up "nothing collected: $PLACE cannot be written"
}

could_not() {
    rm -f "$PLACE/files$1"
    not_collected "$1" "cannot be read, or there is no room for its copy"
}

# first_part FILE: its first 16 MiB, without private keys
first_part() {
    if names_key "$1"; then
        without_keys "$1"
    else
        dd if="$1" bs="$BLOCK" count=16 2> /dev/null
    fi
}

# -- paths: kind, mode, owner, group, size and time of what is there

# path ROLE PATH: that one, also when it is not there
path() {
    for_us "$1" || return 0
    printf '%s\n' "$2" >> "$WORK/listed"
}

# path_star ROLE BEGINNING: all whose names begin so
path_star() {
    for_us "$1" || return 0
    star_in=$(dirname "$ROOT$2.")
    if hidden "$star_in"; then
        not_collected "$2*" "$HIDDEN"
        return 0
    fi
    for star_one in "$ROOT$2"*; do
        ! anything "$star_one" || printf '%s\n' "${star_one#"$ROOT"}" >> "$WORK/listed"
    done
    case $2 in
        */) for star_one in "$ROOT$2".[!.]* "$ROOT$2"..?*; do
            ! anything "$star_one" || printf '%s\n' "${star_one#"$ROOT"}" >> "$WORK/listed"
        done ;;
    esac
    json "$2*" >> "$WORK/complete"
    printf '\n' >> "$WORK/complete"
}

# path_below ROLE DIRECTORY: it and everything below it
path_below() {
    for_us "$1" || return 0
    printf '%s\n' "$2" >> "$WORK/listed"
    if hidden "$ROOT$2"; then
        not_collected "$2/**" "$HIDDEN"
        return 0
    fi
    if [ -d "$ROOT$2" ]; then
        find "$ROOT$2/" -print > "$WORK/found" 2> /dev/null || {
            not_collected "$2/**" "not listed completely: $(hidden_below "$ROOT$2")"
            return 0
        }
        awk -v start="${#ROOT}" '{
            name = substr($0, start + 1)
            gsub("//+", "/", name)
            sub("/$", "", name)
            print name
        }' "$WORK/found" >> "$WORK/listed"
        below_links=$(find "$ROOT$2/" -type l -print 2> /dev/null | while IFS= read -r below_one; do
            [ ! -d "$below_one" ] || printf '%s\n' "$below_one"
        done)
        if [ -n "$below_links" ]; then
            not_collected "$2/**" "not listed completely: there is a link to a directory"
            return 0
        fi
    fi
    json "$2/**" >> "$WORK/complete"
    printf '\n' >> "$WORK/complete"
}

# paths_as_json: the states of all that are listed; their times only where there is perl, which AIX has unless it was removed
paths_as_json() {
    sort -u "$WORK/listed" | grep '^/' > "$WORK/sorted"
    command -v perl > /dev/null || remark "there is no perl on this host: of paths the modes and sizes were collected, not the times"
    path_states < "$WORK/sorted" > "$WORK/states"
    while read -r paths_kind paths_mode paths_owner paths_group paths_size paths_time paths_one; do
        if [ "$paths_kind" = absent ]; then
            entry paths "$paths_one" null
            continue
        fi
        paths_state="\"kind\": \"$paths_kind\", \"mode\": \"$paths_mode\", \"owner\": $(json "$paths_owner"), \"group\": $(json "$paths_group"), \"size\": $paths_size"
        [ "$paths_time" = - ] || paths_state="$paths_state, \"mtime\": $paths_time"
        entry paths "$paths_one" "{$paths_state}"
    done < "$WORK/states"
}

# -- commands

# run ROLE always|known LABEL PLACEHOLDER COMMAND ARGUMENT...: its output; `-` is no placeholder, `known` says that
# nothing is missed where there is no value for it
run() {
    for_us "$1" || return 0
    run_when=$2 run_label=$3 run_value=-
    [ "$4" = - ] || eval "run_value=\${$4:-}"
    if [ -z "$run_value" ]; then
        [ "$run_when" = known ] || not_collected "$run_label" "not run: $4 is not known"
        return 0
    fi
    shift 4
    typed "$@"
    run_file=commands/$(printf '%s\n' "$TYPED" | sed 's/[^A-Za-z0-9.=+-][^A-Za-z0-9.=+-]*/_/g' | cut -c1-"$NAME_LENGTH")
    [ ! -f "$PLACE/$run_file" ] || return 0
    case "$HUNG" in
        *"|$1|"*)
            not_collected "$run_label" "not run: $1 hung before"
            return 0
            ;;
    esac
    if [ "$SPENT" -ge "$((10 * TIMEOUT))" ]; then
        not_collected "$run_label" "not run: the collection's time is used up"
        return 0
    fi
    program "$1" || {
        not_collected "$run_label" "no such command on this host"
        return 0
    }
    run_program=$1 run_path=$PROGRAM
    shift
    # a flood would fill the disk
    limited "$TIMEOUT" "$WORK/out" "$WORK/err" sh -c 'ulimit -c 0; ulimit -f 32768 2> /dev/null; exec "$@"' sh "$run_path" "$@"
    if [ "$STATUS" = late ]; then
        HUNG="$HUNG|$run_program|"
        SPENT=$((SPENT + TIMEOUT))
        warn "not collected: $run_label: hung, ended after $TIMEOUT s"
        entry commands "$TYPED" '{"status": null, "timed_out": true}'
        return 0
    fi
    if [ "$(($(wc -c < "$WORK/out")))" -ge "$((16 * BLOCK))" ]; then
        HUNG="$HUNG|$run_program|"
        STATUS=null
        not_collected "$run_label" "printed more than 16 MiB; the first 16 MiB were used"
    fi
    without_keys "$WORK/out" > "$PLACE/$run_file" || give_up "nothing collected: $PLACE cannot be written"
    run_said='""'
    if [ -s "$WORK/err" ]; then
        dd if="$WORK/err" of="$WORK/said" bs=65536 count=1 2> /dev/null
        run_said=$({
            without_keys "$WORK/said"
            # the end of the last line
            printf '\n'
        } | json_of)
    fi
    entry commands "$TYPED" "{\"file\": $(json "$run_file"), \"status\": $STATUS, \"stderr\": $run_said}"
}

# typed WORD...: sets TYPED to the command line as a person types it
typed() {
    TYPED=''
    for typed_word in "$@"; do
        case $typed_word in
            *' '*) typed_word="\"$typed_word\"" ;;
        esac
        TYPED="$TYPED${TYPED:+ }$typed_word"
    done
}

# program NAME: sets PROGRAM to where that command of the host is
program() {
    if [ -z "$ROOT" ]; then
        PROGRAM=$(command -v "$1") || PROGRAM=''
        case $PROGRAM in /*) return 0 ;; esac
    else
        for PROGRAM in "$ROOT/usr/sbin/$1" "$ROOT/usr/bin/$1"; do
            [ -f "$PROGRAM" ] && [ -x "$PROGRAM" ] && return 0
        done
    fi
    return 1
}

# limited SECONDS OUTPUT ERRORS COMMAND ARGUMENT...: sets STATUS, `late` when it was ended at its deadline
limited() {
    limited_by=$1 limited_out=$2 limited_err=$3
    shift 3
    WATCHED=$((WATCHED + 1))
    OVER=$WORK/over.$WATCHED LATE=$WORK/late.$WATCHED
    # with job control it leads a process group, by which all of it can be found at the deadline
    { set -m; } 2> /dev/null
    (
        { set +m; } 2> /dev/null
        trap - INT TERM HUP
        if [ -n "$ROOT" ]; then
            NIMDOCTOR_ROOT=$ROOT
            export NIMDOCTOR_ROOT
        fi
        exec "$@"
    ) > "$limited_out" 2> "$limited_err" < /dev/null &
    CHILD=$!
    { set +m; } 2> /dev/null
    watch "$limited_by" "$CHILD" &
    WATCH=$!
    { wait "$CHILD"; } 2> /dev/null
    STATUS=$?
    end_watch
    CHILD=''
    [ ! -f "$LATE" ] || STATUS=late
}

# end_watch: the command is over, so nothing need watch it
end_watch() {
    [ -n "$WATCH" ] || return 0
    : > "$OVER"
    kill -TERM "$WATCH" 2> /dev/null
    { wait "$WATCH"; } 2> /dev/null
    WATCH=''
}

# watch SECONDS PROCESS: runs beside a command and ends it at its deadline
watch() {
    exec > /dev/null 2>&1 < /dev/null
    watch_left=$1 watch_over='' watch_sleep=''
    trap 'watch_over=yes; [ -z "$watch_sleep" ] || kill -KILL "$watch_sleep"' TERM
    trap - INT HUP
    while [ "$watch_left" -gt 0 ]; do
        watch_for=5
        [ "$watch_left" -gt 5 ] || watch_for=$watch_left
        sleep "$watch_for" &
        watch_sleep=$!
        # the command may have ended before the trap was set
        if [ -n "$watch_over" ] || [ -f "$OVER" ]; then
            kill -KILL "$watch_sleep"
        fi
        wait "$watch_sleep"
        watch_sleep=''
        # where a script was killed nobody says that its command is over
        if [ -n "$watch_over" ] || [ -f "$OVER" ] || ! kill -0 "$2"; then
            return 0
        fi
        watch_left=$((watch_left - watch_for))
    done
    : > "$LATE"
    end_tree && end_tree
}
