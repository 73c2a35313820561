# Doing a step, and undoing it. WHY says what went wrong.

# -- before a step

# present END: which of the files that commands bring are there, a path a line
present() {
    at "$1" || return 3
    for present_path in /ssl_nimsh /ssl_nimsh/certs /etc/niminfo; do
        ! anything "$ROOT$present_path" || printf '%s\n' "$present_path"
    done
    for present_file in "$ROOT"/usr/lib/libssl.so* "$ROOT"/usr/lib/libcrypto.so* "$ROOT"/ssl_nimsh/certs/*; do
        ! anything "$present_file" || printf '%s\n' "${present_file#"$ROOT"}"
    done
}

# remember N: what the step's effects are measured against
remember() {
    step "$1"
    at "$END"
    remember_at=$DIR/was.$1
    rm -rf "$remember_at.new"
    mkdir -m 700 "$remember_at.new" || return 1
    present "$END" > "$remember_at.new/present"
    state_now "$1"
    # whatever a step before it did to nimsh: undoing brings back what was found at first
    at "$END"
    ! grep -x 'nimsh=yes' "$DIR"/was.*/state > /dev/null 2>&1 || ACTIVE=yes
    printf '%s\n' "crypto=$CRYPTO" "nimsh=$ACTIVE" "nimsh_pid=$SRC_PID" "ssl=$SSL" "connect=$CONNECT" "filesets=$FILESETS" "push=$PUSH" "boot=$BOOT_ROW" > "$remember_at.new/state"
    : > "$remember_at.new/certificates"
    certificates_of "$END" && cat "$ROWS" > "$remember_at.new/certificates"
    at "$END"
    remember_number=0
    while IFS='	' read -r remember_path remember_rest; do
        remember_number=$((remember_number + 1))
        remember_time=$remember_at.new/time.$remember_number
        touch -r "$ROOT$remember_path" "$remember_time"
        # where touch keeps less of a time than the file system does, now is the mark
        [ -z "$(find "$ROOT$remember_path" -newer "$remember_time" -print)" ] || touch "$remember_time"
    done < "$remember_at.new/certificates"
    rm -rf "$remember_at"
    mv "$remember_at.new" "$remember_at"
    WAS=$remember_at
}

# state_now N: what the step may change, as it is now
state_now() {
    step "$1"
    CRYPTO='' ACTIVE='' SRC_PID='' SSL='' CONNECT='' FILESETS='' PUSH='' BOOT_ROW=''
    crypto "$END"
    subsystem "$END" nimsh
    ssl_of "$END"
    if [ -n "$CONNECT_OF" ] && objects master; then
        CONNECT=$(awk -F'\t' -v name="$CONNECT_OF" '$1 == name && $2 == "connect" { print tolower($3); exit }' "$ROWS")
    fi
    if [ -n "$FILESETS_OF" ] && ask "$FILESETS_OF" lslpp lslpp -lc; then
        sum_of "$OUT"
        FILESETS=$SUM
    fi
    [ -z "$PUSH_OF" ] || push_of "$END"
    [ -z "$BOOT_OF" ] || boot_of "$END"
    step "$1"
}

# was N NAME: sets FORMER to what was noted under that name before the step
was() {
    step "$1"
    at "$END"
    FORMER=$(sed -n "s/^$2=//p" "$DIR/was.$1/state" 2> /dev/null)
}

# keep N: a backup of the file that the step changes, made once
keep() {
    step "$1"
    [ -n "$KEEP" ] || return 0
    if ! plain "$END" "$KEEP"; then
        WHY="no backup of $KEEP: $SAYS"
        return 1
    fi
    case $KEEP in
        /ssl_nimsh*)
            WHY="no backup of $KEEP: what may hold a key is never copied"
            return 1
            ;;
    esac
    sum_of "$FILE"
    keep_sum=$SUM
    if [ -f "$DIR/backup/$1.sum" ]; then
        sum_of "$DIR/backup/$1"
        [ "$SUM" = "$(cat "$DIR/backup/$1.sum")" ] && [ "$SUM" = "$keep_sum" ] && return 0
        WHY="$DIR/backup/$1 is the backup of other bytes than $KEEP has now: look at both"
        return 1
    fi
    cp -p "$FILE" "$DIR/backup/$1" && sum_of "$DIR/backup/$1" && [ "$SUM" = "$keep_sum" ] && write_mark "$SUM" "$DIR/backup/$1.sum" && return 0
    WHY="the backup of $KEEP failed"
    return 1
}

# kept N: sets BACKUP to the backup made before the step and KEPT to its sum; false when it is gone or damaged
kept() {
    step "$1"
    at "$END"
    BACKUP=$DIR/backup/$1
    WHY="the backup $BACKUP is gone or damaged"
    [ -f "$BACKUP" ] && [ -f "$BACKUP.sum" ] || return 1
    KEPT=$(cat "$BACKUP.sum")
    sum_of "$BACKUP"
    [ "$SUM" = "$KEPT" ]
}

# -- doing

# run_command END SECONDS COMMAND ARGUMENT...
run_command() {
    WHY=''
    if ! program "$1" "$3"; then
        WHY=$SAYS
        return 1
    fi
    command_limit=$2 command_name=$3 command_path=$PROGRAM
    COMMANDS=$((COMMANDS + 1))
    command_log=$DIR/log/$RUN.$$.$COMMANDS.$3
    shift 3
    command_words="$command_name $*"
    ACTING=yes
    limited "$command_limit" "$command_log" "$command_log.err" "$command_path" "$@"
    ACTING=''
    if [ "$STATUS" = late ]; then
        WHY="$command_words did not end within $command_limit s and was ended"
        return 1
    elif [ "$STATUS" != 0 ]; then
        WHY="$command_words ended with status $STATUS: $(cat "$command_log" "$command_log.err" | awk 'NF { last = $0 } END { gsub(/[^ -~]/, "?", last); print substr(last, 1, 200) }')"
        return 1
    fi
}

# run_subsystem END NAME start|stop|restart|refresh
run_subsystem() {
    run_subsystem_of=$1 run_subsystem_name=$2
    case $3 in
        start) run_command "$1" 60 startsrc -s "$2" ;;
        # quoted, since ksh88 has an alias of that name
        'stop') run_command "$1" 60 stopsrc -s "$2" ;;
        refresh) run_command "$1" 60 refresh -s "$2" ;;
        restart)
            run_command "$1" 60 stopsrc -s "$2" || return 1
            # SRC stops it in its own time
            run_subsystem_tries=0
            while [ "$run_subsystem_tries" -lt 20 ]; do
                a_new_moment
                subsystem "$run_subsystem_of" "$run_subsystem_name"
                [ "$ACTIVE" = yes ] || break
                run_subsystem_tries=$((run_subsystem_tries + 1))
                sleep 1
            done
            run_command "$run_subsystem_of" 60 startsrc -s "$run_subsystem_name"
            ;;
    esac
}

# reread END NAME: the subsystem that must see a changed file, if any
reread() {
    [ -z "$2" ] || run_subsystem "$1" "$2" refresh
}

# put FILE NEW: the bytes of NEW into FILE, which keeps inode, owner and mode
put() {
    file_system "$1"
    look "$2"
    if [ -z "$FREE" ] || [ "$FREE" -le $((SIZE / 512 + 64)) ]; then
        WHY="too little room to write $1 (${FREE:-unknown} KB free): nothing was written"
        return 1
    fi
    WHY="$2 cannot be read: nothing was written to $1"
    sum_of "$2" || return 1
    put_sum=$SUM
    # the last look before it is opened for writing
    if [ -h "$1" ] || [ ! -f "$1" ]; then
        WHY="$1 is no longer a regular file: nothing was written"
        return 1
    fi
    cat "$2" > "$1"
    sum_of "$1"
    WHY="$1 could not be written whole: cat $2 > $1"
    [ "$SUM" = "$put_sum" ]
}

# begins FILE WHOLE: whether the file holds just a beginning of the other, as a killed write leaves it
begins() {
    look "$1"
    [ "$SIZE" != 0 ] || return 0
    sum_of "$1"
    begins_sum=$SUM
    # shellcheck disable=SC2046 # two words
    set -- $(dd if="$2" bs="$SIZE" count=1 2> /dev/null | cksum)
    [ "$begins_sum" = "$1 $2" ]
}

# cut_off N: whether the file holds just a beginning of what the step writes, or of the backup, as a killed write leaves it
cut_off() {
    kept "$1" && plain "$END" "$KEEP" || return 1
    cut_path=$FILE
    sum_of "$FILE"
    [ "$SUM" != "$KEPT" ] && "step_$1_lines" "$BACKUP" > "$WORK/edited" || return 1
    cut_sum=$SUM
    sum_of "$WORK/edited"
    [ "$SUM" != "$cut_sum" ] || return 1
    begins "$cut_path" "$WORK/edited" || begins "$cut_path" "$BACKUP"
}

# edit_file N OLD NEW: changes the lines of the file, and no other byte
edit_file() {
    step "$1"
    if ! plain "$END" "$KEEP"; then
        WHY=$SAYS
        return 1
    fi
    edit_path=$FILE
    sum_of "$FILE"
    [ "$SUM" != "$3" ] || return 0
    WHY="$KEEP has other bytes than the plan was made from"
    [ "$SUM" = "$2" ] || return 1
    "step_$1_lines" "$FILE" > "$WORK/edited" || return 1
    sum_of "$WORK/edited"
    [ "$SUM" = "$3" ] || return 1
    put "$edit_path" "$WORK/edited"
}

# ends_with_newline FILE
ends_with_newline() {
    [ -s "$1" ] && [ -z "$(tail -c 1 "$1")" ]
}

# move_file N FROM TO
move_file() {
    step "$1"
    if ! renamable "$END" "$2" "$3"; then
        WHY="$2 was not renamed: $SAYS"
        return 1
    fi
    WHY="$2 could not be renamed to $3"
    look "$ROOT$2" || return 1
    move_inode=$INODE
    mv -f "$ROOT$2" "$ROOT$3" || return 1
    look "$ROOT$3" && [ "$INODE" = "$move_inode" ]
}

# remove_file N: only where the backup has its bytes
remove_file() {
    kept "$1" || return 1
    if ! plain "$END" "$KEEP"; then
        WHY=$SAYS
        return 1
    fi
    case $RIGHTS in
        *+)
            WHY="$KEEP has an access control list, which would be lost: do it by hand"
            return 1
            ;;
    esac
    sum_of "$FILE"
    WHY="$KEEP is no longer as it was when its backup was made"
    [ "$SUM" = "$KEPT" ] || return 1
    WHY="$KEEP could not be removed"
    rm -f "$FILE"
}

# close_opened N OPENED LINES OLD NEW: takes the row back that step OPENED switched on, and no other
close_opened() {
    step "$2"
    close_end=$END close_rereads=$REREADS
    if ! plain "$END" "$KEEP"; then
        WHY=$SAYS
        return 1
    fi
    close_path=$FILE
    sum_of "$FILE"
    if [ "$SUM" != "$4" ]; then
        close_sum=$SUM
        if [ "$SUM" = "$5" ] && kept "$2"; then
            put "$close_path" "$BACKUP" || return 1
        else
            WHY="$KEEP was changed meanwhile, and its row is not there just once"
            "$3" "$close_path" > "$WORK/closed" || return 1
            sum_of "$close_path"
            [ "$SUM" = "$close_sum" ] || return 1
            put "$close_path" "$WORK/closed" || return 1
        fi
    fi
    reread "$close_end" "$close_rereads" || return 1
    a_new_moment
    serves "$close_end" tftp || {
        WHY=$SAYS
        return 1
    }
    WHY='inetd still serves it after the refresh'
    [ "$SERVES" = no ]
}

# close_for_now N OPENED LINES OLD NEW: closes it; false, and WHY, where somebody may be using it or it cannot be told
close_for_now() {
    a_new_moment
    if ! look_at "step_$1_then"; then
        WHY=$(printf '%s\n' "$MISSED" | sed -n 's/^    but: //p' | sed 1q)
        return 1
    fi
    close_opened "$@"
}

# -- undoing; what is undone already stays as it is

# undo_edit N NEW: the former bytes go back
undo_edit() {
    kept "$1" || return 1
    undo_end=$END undo_rereads=$REREADS
    if ! plain "$END" "$KEEP"; then
        WHY=$SAYS
        return 1
    fi
    sum_of "$FILE"
    if [ "$SUM" != "$KEPT" ]; then
        undo_path=$FILE
        if [ "$SUM" != "$2" ] && ! cut_off "$1"; then
            WHY="$KEEP is no longer as this run left it"
            return 1
        fi
        put "$undo_path" "$BACKUP" || return 1
        touch -r "$BACKUP" "$undo_path"
    fi
    reread "$undo_end" "$undo_rereads"
}

# undo_move N FROM TO
undo_move() {
    step "$1"
    at "$END"
    if anything "$ROOT$2" && ! anything "$ROOT$3"; then
        return 0
    fi
    move_file "$1" "$3" "$2"
}

# undo_remove N: bytes, mode, owner and time; never over something that is there
undo_remove() {
    kept "$1" || return 1
    reach "$END" "$KEEP" || {
        WHY=$SAYS
        return 1
    }
    undo_path=$FILE
    undo_new=$(dirname "$FILE")/.nimdoctor-restore-${FILE##*/}
    if anything "$undo_path"; then
        # a start that was killed may have had no time to remove the second name
        if [ -f "$undo_new" ] && [ ! -h "$undo_new" ]; then
            look "$undo_new"
            undo_inode=$INODE
            look "$undo_path"
            [ "$INODE" != "$undo_inode" ] || rm -f "$undo_new"
        fi
        WHY="$KEEP is there already: it is not overwritten"
        plain "$END" "$KEEP" || return 1
        sum_of "$FILE"
        [ "$SUM" = "$KEPT" ]
        return
    fi
    [ ! -h "$undo_new" ] && rm -f "$undo_new"
    WHY="$KEEP could not be brought back: cp -p $BACKUP $undo_path"
    cp -p "$BACKUP" "$undo_new" || return 1
    sum_of "$undo_new"
    [ "$SUM" = "$KEPT" ] || return 1
    # unlike a rename, ln fails when somebody was faster
    ln "$undo_new" "$undo_path" || return 1
    rm -f "$undo_new"
}

# undo_new N PATTERN...: removes what a command brought; what was there before stays
undo_new() {
    undo_new_step=$1
    step "$1"
    at "$END"
    undo_new_was=$DIR/was.$1/present
    shift
    WHY="what was there before step $undo_new_step is not known"
    [ -f "$undo_new_was" ] || return 1
    present "$END" > "$WORK/present"
    undo_new_dirs=''
    while read -r undo_new_path; do
        ! grep -Fx "$undo_new_path" "$undo_new_was" > /dev/null || continue
        for undo_new_pattern in "$@"; do
            [ "$undo_new_pattern" != '/ssl_nimsh/certs/*' ] || undo_new_dirs=yes
            # shellcheck disable=SC2254 # a pattern
            case $undo_new_path in
                $undo_new_pattern)
                    [ -f "$ROOT$undo_new_path" ] && [ ! -h "$ROOT$undo_new_path" ] || continue
                    WHY="$undo_new_path could not be removed"
                    rm -f "$ROOT$undo_new_path" || return 1
                    ;;
            esac
        done
    done < "$WORK/present"
    [ -n "$undo_new_dirs" ] || return 0
    for undo_new_path in /ssl_nimsh/certs /ssl_nimsh; do
        if ! grep -Fx "$undo_new_path" "$undo_new_was" > /dev/null && [ -d "$ROOT$undo_new_path" ]; then
            rmdir "$ROOT$undo_new_path" 2> /dev/null
        fi
    done
    return 0
}

# former_state N NAME: the subsystem is started later, when all files are back, where it was active before the step
former_state() {
    was "$1" "$2"
    case "$LATER" in
        *"|$END $2 "*) ;;
        *) LATER="$LATER|$END $2 $FORMER" ;;
    esac
    # a start that is killed before that leaves it to the next
    at "$FIRST"
    write_mark "$LATER" "$DIR/later"
}

# bring_back: the subsystems that former_state named
bring_back() {
    at "$FIRST"
    [ -n "$LATER" ] || ! [ -f "$DIR/later" ] || LATER=$(cat "$DIR/later")
    bring_rest=$LATER
    LATER=''
    while [ -n "$bring_rest" ]; do
        bring_rest=${bring_rest#?}
        bring_one=${bring_rest%%"|"*}
        case $bring_rest in
            *"|"*) bring_rest="|${bring_rest#*"|"}" ;;
            *) bring_rest='' ;;
        esac
        bring_end=${bring_one%% *} bring_one=${bring_one#* }
        bring_name=${bring_one%% *} bring_was=${bring_one#* }
        a_new_moment
        subsystem "$bring_end" "$bring_name" || {
            say "$bring_name of the $bring_end was not looked after: $SAYS"
            continue
        }
        case "$bring_was $ACTIVE" in
            'yes no') run_subsystem "$bring_end" "$bring_name" start || say "not started: $WHY" ;;
            'no yes') run_subsystem "$bring_end" "$bring_name" stop || say "not stopped: $WHY" ;;
        esac
    done
    at "$FIRST"
    rm -f "$DIR/later"
}

# left_by N: what the step left, a line each: sum and path, or `absent` or `dir` and path, or `mode`, the mode it gave and path
left_by() {
    step "$1"
    at "$END"
    if [ "$KIND" = run ]; then
        present "$END" | while read -r left_path; do
            grep -Fx "$left_path" "$DIR/was.$1/present" > /dev/null || left_one "$left_path"
        done
        [ -z "$MODE_OF" ] || left_one "$MODE_OF"
        return
    fi
    [ -z "$KEEP" ] || left_one "$KEEP"
    [ -z "$MOVED" ] || left_one "$MOVED"
    [ -z "$MOVED_TO" ] || left_one "$MOVED_TO"
}

left_one() {
    if [ -h "$ROOT$1" ]; then
        printf 'link %s\n' "$1"
    elif [ -d "$ROOT$1" ]; then
        printf 'dir %s\n' "$1"
    elif [ -f "$ROOT$1" ]; then
        case $1 in
            "$MODE_OF")
                SUM="unread $$"
                ! look "$ROOT$1" || SUM="mode $(printf '%s\n' "$RIGHTS" | cut -c 1-10)"
                ;;
            /ssl_nimsh/*)
                # it may hold a key, of which not even a checksum is kept
                SUM="unread $$"
                ! look "$ROOT$1" || SUM="$INODE.$SIZE"
                ;;
            *) sum_of "$ROOT$1" ;;
        esac
        printf '%s %s\n' "$SUM" "$1"
    else
        printf 'absent %s\n' "$1"
    fi
}

# undo_begun N: takes back what a step did that was begun and not done, as far as it can be
undo_begun() {
    step "$1"
    if [ "$KIND" = run ]; then
        a_new_moment
        state_now "$1"
        undo_changed=''
        for undo_pair in "crypto=$CRYPTO" "push=$PUSH" "boot=$BOOT_ROW"; do
            was "$1" "${undo_pair%%=*}"
            [ "${undo_pair#*=}" = "$FORMER" ] || undo_changed=yes
        done
        if [ -z "$NO_UNDO" ] && [ -n "$undo_changed" ]; then
            "step_$1_undo"
        else
            "step_$1_repair"
        fi
    elif [ -z "$NO_UNDO" ]; then
        "step_$1_undo"
    fi
}

# some_effect N: whether something is other than before the step was begun
some_effect() {
    a_new_moment
    state_now "$1"
    for effect_pair in "crypto=$CRYPTO" "ssl=$SSL" "connect=$CONNECT" "filesets=$FILESETS" "push=$PUSH" "boot=$BOOT_ROW"; do
        was "$1" "${effect_pair%%=*}"
        [ "${effect_pair#*=}" = "$FORMER" ] || return 0
    done
    certificates_of "$END" || return 0
    at "$END"
    # a certificate file written anew with the same content is no difference
    effect_was=$(sed 's/	[0-9]* /	/' "$DIR/was.$1/certificates")
    [ "$effect_was" = "$(sed 's/	[0-9]* /	/' "$ROWS")" ] || return 0
    LENIENT=new
    effects "$1"
    LENIENT=''
    [ "$EFFECTS" != none ]
}

# effects N: all, some or none of the effects that were not there before a step that was begun
effects() {
    step "$1"
    at "$END"
    effects_before=$(cat "$DIR/begun.$1")
    WAS=$DIR/was.$1
    a_new_moment
    look_at "step_$1_verify"
    effects_now=$VERDICTS EFFECTS=none effects_seen='' effects_open=''
    while [ -n "$effects_before" ]; do
        case ${effects_before%"${effects_before#?}"}${effects_now%"${effects_now#?}"} in
            0* | *3) ;;
            *0) effects_seen=yes ;;
            *) effects_open=yes ;;
        esac
        effects_before=${effects_before#?} effects_now=${effects_now#?}
    done
    step "$1"
    case $effects_seen,$effects_open in
        yes,) EFFECTS=all ;;
        yes,yes) EFFECTS=some ;;
    esac
    [ "$EFFECTS" = all ] || return 0
    # of a command whose undoing was begun, what no proof shows may be gone
    at "$END"
    if [ "$KIND" = run ] && [ -f "$DIR/undoing.$1" ]; then
        EFFECTS=some
    elif ! seen_to_end "$1"; then
        EFFECTS=some
    fi
}

# seen_to_end N: whether a command that was killed, or whose script was, is seen to have come to its end
seen_to_end() {
    step "$1"
    # those that change how nimsh runs stop it, and start it anew at last; of others their proofs tell as much
    [ -n "$RESTARTS" ] || return 0
    subsystem "$END" nimsh || return 1
    was "$1" nimsh_pid
    [ "$ACTIVE" = yes ] && [ "$SRC_PID" != "$FORMER" ]
}

# take_back N: undoes a step that was done or only begun; 1 when that failed, 2 when something of it stands, WHY tells
take_back() {
    step "$1"
    at "$END"
    WHY=''
    if [ -n "$CLOSED_BY" ]; then
        take_closer=$CLOSED_BY
        if "step_${take_closer}_do"; then
            forget "$take_closer"
            forget "$1"
            return 0
        fi
        step "$1"
        at "$END"
        write_mark "left open: $WHY" "$DIR/open.$1"
        return 2
    fi
    take_word=begun
    if [ -f "$DIR/done.$1" ] || [ "$(cat "$DIR/undoing.$1" 2> /dev/null)" = 'done' ]; then
        take_word='done'
    fi
    if [ -z "$HELPLESS" ]; then
        # from here on nobody may take it for done
        write_mark "$take_word" "$DIR/undoing.$1" || return 1
        rm -f "$DIR/done.$1"
        if [ "$take_word" = begun ]; then
            undo_begun "$1" || return 1
        else
            "step_$1_undo" || return 1
        fi
    fi
    if [ "$take_word" = begun ]; then
        step "$1"
        if [ -n "$NO_UNDO" ] && some_effect "$1"; then
            step "$1"
            at "$END"
            WHY="begun, some of its effects are there ($NO_UNDO)"
            [ -z "$HELPLESS" ] || return 2
            # undone as far as it can be: a second time could take what undoing an earlier step brings back
            forget "$1"
            write_mark "$WHY" "$DIR/stands.$1"
            return 2
        fi
    fi
    forget "$1"
}

# forget N: the step counts as not begun
forget() {
    step "$1"
    at "$END"
    # its beginning last: what was before it must be known as long as it counts as begun
    rm -f "$DIR/done.$1" "$DIR/undoing.$1" "$DIR/left.$1" "$DIR/open.$1"
    rm -f "$DIR/begun.$1"
    rm -rf "$DIR/was.$1"
}

# undo_subsystem END NAME start|stop: only where it is not so already
undo_subsystem() {
    a_new_moment
    if ! subsystem "$1" "$2"; then
        WHY=$SAYS
        return 1
    fi
    case "$3 $ACTIVE" in
        'stop yes' | 'start no') run_subsystem "$1" "$2" "$3" ;;
    esac
}

# closed N: whether what step N opened for a time was closed by its own step
closed() {
    for closed_step in $STEPS; do
        step "$closed_step"
        [ "$OF" = "$1" ] && is_done "$closed_step" && [ ! -f "$DIR/open.$closed_step" ] && return 0
    done
    return 1
}
