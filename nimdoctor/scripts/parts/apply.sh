# apply.ksh: every step forward.

usage() {
    warn "usage: $NAME [client|master] [--affects N] [--next] [--yes]"
    exit 2
}

read_arguments() {
    NAMED='' YES='' NEXT='' AFFECTS=${NIMDOCTOR_AFFECTS:-$AFFECTS_KNOWN}
    while [ "$#" -gt 0 ]; do
        case $1 in
            client | master)
                [ -z "$NAMED" ] || usage
                NAMED=$1
                ;;
            --affects)
                [ "$#" -gt 1 ] || usage
                AFFECTS=$2
                shift
                ;;
            --next) NEXT=yes ;;
            --yes) YES=yes ;;
            *) usage ;;
        esac
        shift
    done
}

# elsewhere_first: steps of an end that is not here and that come before ours
elsewhere_first() {
    [ -z "$NAMED" ] || return 0
    elsewhere_end=''
    for elsewhere_step in $STEPS; do
        if acts "$elsewhere_step"; then
            [ -z "$elsewhere_end" ] || give_up "refused: step $elsewhere_step needs what the $elsewhere_end does first: run $NAME $elsewhere_end on that host, then $NAME $END here"
        else
            elsewhere_end=$END
        fi
    done
}

# number_repeated: other clients that lose their push must be known by their number
number_repeated() {
    [ -n "$AFFECTED" ] || return 0
    [ "$AFFECTS" != "$AFFECTED" ] || return 0
    say "$AFFECTED other clients lose their push until they have followed: $AFFECTED_NAMES"
    give_up "refused: repeat their number, $NAME --affects $AFFECTED, when somebody can run clients/NAME.ksh on each"
}

# left_to_do: the steps of our ends that are not done
left_to_do() {
    LEFT=''
    for left_step in $STEPS; do
        acts "$left_step" || continue
        is_done "$left_step" && [ ! -f "$DIR/open.$left_step" ] || LEFT="$LEFT $left_step"
    done
    LEFT=${LEFT# }
}

# mend: a write that was cut off by a kill is taken back first, so that everything is read from whole files
mend() {
    for mend_step in $LEFT; do
        is_begun "$mend_step" || continue
        step "$mend_step"
        case $KIND in
            edit | transient) ;;
            *) continue ;;
        esac
        if cut_off "$mend_step"; then
            put "$cut_path" "$BACKUP" || give_up "refused: $WHY"
            say "step $mend_step ($END): $KEEP was written in part by an earlier start; its former bytes are back"
        fi
    done
}

# open_again: what was opened for a time may be closed by now, so it is looked at where a step that needs it is left
open_again() {
    for again_opened in $STEPS; do
        step "$again_opened"
        [ -n "$CLOSED_BY" ] && acts "$again_opened" && is_done "$again_opened" || continue
        step "$again_opened"
        again_closer=$CLOSED_BY
        for again_step in $LEFT; do
            [ "$again_step" -gt "$again_opened" ] && [ "$again_step" -lt "$again_closer" ] || continue
            at "$END"
            rm -f "$DIR/done.$again_opened" "$DIR/done.$again_closer" "$DIR/open.$again_closer"
            break
        done
    done
    left_to_do
}

# check_all: every precondition of what is left; of a leg that was begun only its own
check_all() {
    a_new_moment
    check_all_leg='' check_all_missed=''
    ! in_leg || check_all_leg=yes
    for check_step in $LEFT; do
        step "$check_step"
        [ -z "$check_all_leg" ] || [ -n "$LEG" ] || continue
        [ -z "$OF" ] || continue
        ! is_begun "$check_step" || continue
        look_at "step_${check_step}_before" || check_all_missed="$check_all_missed
step $check_step, $TITLE: needs$MISSED"
    done
    [ -z "$check_all_missed" ] || give_up "refused, nothing was done.$check_all_missed"
}

# check_room: twice the backups and 10 MiB
check_room() {
    for room_end in $ACT; do
        room_kb=10240
        for room_step in $LEFT; do
            step "$room_step"
            [ "$END" = "$room_end" ] && [ -n "$KEEP" ] && plain "$END" "$KEEP" && room_kb=$((room_kb + SIZE / 512))
        done
        at "$room_end"
        file_system "$DIR"
        [ -n "$FREE" ] && [ "$FREE" -ge "$room_kb" ] || give_up "refused: $DIR has ${FREE:-an unknown number of} KB free, $room_kb are needed"
    done
}

confirm() {
    [ -z "$YES" ] || return 0
    for confirm_step in $LEFT; do
        step "$confirm_step"
        say "  $confirm_step. $END: $TITLE${NO_UNDO:+ (cannot be undone)}"
    done
    # to start the script is to approve it; only somebody at a terminal is asked once more
    [ -t 0 ] || return 0
    printf 'Do this now? Type yes: '
    read -r confirm_answer || confirm_answer=''
    [ "$confirm_answer" = yes ] || give_up "nothing was done"
}

# keep_all: the backups
keep_all() {
    for keep_step in $LEFT; do
        if ! is_begun "$keep_step"; then
            # of a start that was undone
            step "$keep_step"
            at "$END"
            keep "$keep_step" || give_up "refused, nothing was done: $WHY"
        fi
    done
    sync
}

# verify N: a fresh read, after a moment for daemons to start
verify() {
    verify_tries=0
    while :; do
        a_new_moment
        ! look_at "step_$1_verify" || return 0
        verify_tries=$((verify_tries + 1))
        step "$1"
        [ "$verify_tries" -lt "$SETTLING" ] || break
        [ "$KIND" != edit ] || [ -n "$REREADS" ] || break
        sleep 1
    done
    WHY="done, but not seen:$MISSED"
    return 1
}

# mark_done N
mark_done() {
    step "$1"
    at "$END"
    left_by "$1" > "$DIR/left.$1"
    write_mark "$RUN" "$DIR/done.$1" || {
        WHY="$DIR/done.$1 cannot be written"
        return 1
    }
    rm -f "$DIR/undoing.$1"
    say "step $1 ($END) $TITLE: done"
}

# do_step N: false, and WHY, when it failed
do_step() {
    step "$1"
    do_begun='' EFFECTS=''
    if is_begun "$1"; then
        do_begun=yes
        effects "$1"
        if [ "$EFFECTS" = all ]; then
            say "step $1 ($END) was begun by an earlier start, and its effects are seen"
            mark_done "$1"
            return
        fi
        step "$1"
        at "$END"
        if [ "$KIND" = run ]; then
            if [ "$EFFECTS" = some ] && [ -z "$AGAIN" ]; then
                WHY='some of its effects are seen and others are not; it is not safe to do it again'
                return 1
            elif [ -n "$HALF" ] && anything "$ROOT/ssl_nimsh"; then
                half_to=$HALF half_number=2
                while anything "$ROOT$half_to"; do
                    half_to=$HALF.$half_number half_number=$((half_number + 1))
                done
                move_file "$1" /ssl_nimsh "$half_to" || return 1
                say "the half-made /ssl_nimsh is now $half_to"
            elif [ "$EFFECTS" = some ]; then
                "step_$1_repair" || return 1
                bring_back
            fi
        fi
    fi
    # its own half-done work makes conditions about its file false; what it does tests the bytes itself
    LENIENT=''
    case $do_begun$EFFECTS$KIND in
        yes*edit | yes*transient | yessome*) LENIENT=yes ;;
    esac
    a_new_moment
    do_missed=''
    look_at "step_$1_before" || do_missed=$MISSED
    look_at "step_$1_then" || do_missed=$do_missed$MISSED
    LENIENT=''
    if [ -n "$do_missed" ]; then
        WHY="not done: needs$do_missed"
        return 1
    fi
    if [ -z "$do_begun" ]; then
        if ! remember "$1"; then
            WHY="what is there before step $1 could not be noted"
            return 1
        fi
        look_at "step_$1_verify"
        step "$1"
        at "$END"
        rm -f "$DIR/stands.$1"
        write_mark "$VERDICTS" "$DIR/begun.$1" || {
            WHY="$DIR/begun.$1 cannot be written"
            return 1
        }
        # a mark that is lost when the machine dies must not be that of a step that was begun
        sync
    fi
    step "$1"
    at "$END"
    WAS=$DIR/was.$1 WHY=''
    say "step $1 ($END) $TITLE ..."
    if ! "step_$1_do"; then
        # ended at its deadline it may have done all it should
        [ "$STATUS" = late ] || return 1
        do_why=$WHY
        if ! verify "$1" || ! seen_to_end "$1"; then
            WHY=$do_why
            return 1
        fi
        say "$do_why; all its effects are seen"
    fi
    verify "$1" || return 1
    mark_done "$1"
}

# close_step N: a step that switches off what an earlier one switched on for a time
close_step() {
    step "$1"
    at "$END"
    if "step_$1_do"; then
        step "$1"
        at "$END"
        rm -f "$DIR/open.$1"
        mark_done "$1"
        return
    fi
    step "$1"
    at "$END"
    say "step $1 ($END) $TITLE: left open, $WHY"
    printf 'left open: %s\n' "$WHY" > "$DIR/open.$1"
    write_mark "$RUN" "$DIR/done.$1"
}

# failed N: undoes what lies behind the last step that cannot be undone, and says where things stand
failed() {
    step "$1"
    warn "step $1 ($END) $TITLE: failed: $WHY"
    failed_leg=''
    ! in_leg || failed_leg=yes
    failed_stays=''
    if [ -z "$failed_leg" ]; then
        if is_begun "$1" && ! is_done "$1"; then
            take_back "$1"
            case $? in
                1)
                    failed_stays=yes
                    say "step $1: begun and not undone: $WHY"
                    ;;
                2) say "step $1: $WHY" ;;
            esac
        fi
        failed_back=''
        for failed_step in $STEPS; do
            [ "$failed_step" != "$1" ] || break
            acts "$failed_step" && is_done "$failed_step" || continue
            step "$failed_step"
            if [ -n "$OF" ]; then
                :
            elif [ -n "$NO_UNDO" ]; then
                failed_back=''
            elif ! closed "$failed_step"; then
                failed_back="$failed_step $failed_back"
            fi
        done
        for failed_step in $failed_back; do
            [ -z "$failed_stays" ] || break
            take_back "$failed_step"
            case $? in
                0) say "step $failed_step: undone" ;;
                1)
                    say "step $failed_step: not undone: $WHY"
                    break
                    ;;
                2) say "step $failed_step: $WHY" ;;
            esac
        done
    fi
    # what was opened for a time is closed whatever failed; then it counts as not opened
    for failed_step in $STEPS; do
        step "$failed_step"
        [ -n "$CLOSED_BY" ] && acts "$failed_step" && is_done "$failed_step" && ! closed "$failed_step" || continue
        if take_back "$failed_step"; then
            say "step $failed_step: closed again"
        else
            say "step $failed_step stays open: $WHY"
        fi
    done
    bring_back
    left_behind=''
    for failed_step in $STEPS; do
        acts "$failed_step" || continue
        ! is_done "$failed_step" && ! is_begun "$failed_step" && ! [ -f "$DIR/stands.$failed_step" ] || left_behind=yes
    done
    warn "where things stand:"
    where_things_stand >&2
    if [ -n "$left_behind" ]; then
        note_state stopped
        [ -z "$failed_leg" ] || warn "the only way is forward: $NAME again, when the cause is mended"
        warn "stopped"
    else
        note_state restored
        warn "restored: nothing of this plan is left on the host"
    fi
    exit 1
}

note_state() {
    for note_end in $ACT; do
        at "$note_end"
        write_mark "$1" "$DIR/state"
    done
}

main() {
    read_arguments "$@"
    choose_ends
    must_be_allowed
    elsewhere_first
    number_repeated
    make_state
    lock_all
    no_other_run
    name_run
    a_new_moment
    bring_back
    left_to_do
    if [ -z "$LEFT" ]; then
        say "nothing to do: every step of this plan is done here (run $RUN)"
        exit 0
    fi
    open_again
    mend
    check_all
    check_room
    confirm
    keep_name
    keep_all
    note_state running
    main_gap='' main_ours='' main_again=''
    for main_step in $STEPS; do
        if ! acts "$main_step"; then
            # a step of the other end; behind one of ours it is for somebody to say that it was done
            if at "$END"; then
                [ -f "$DIR/done.$main_step" ] || main_gap=$END
            elif [ -n "$main_ours" ] && [ -z "$NEXT" ]; then
                main_gap=$END main_again=' --next'
            fi
            continue
        fi
        if [ -n "$main_gap" ] && ! is_done "$main_step"; then
            step "$main_step"
            say "from step $main_step on the $main_gap must have done its steps: $NAME $main_gap there, then $NAME $END$main_again here"
            exit 0
        fi
        main_ours=yes
        ! is_done "$main_step" || [ -f "$DIR/open.$main_step" ] || continue
        STATUS=''
        step "$main_step"
        if [ -n "$OF" ]; then
            close_step "$main_step"
        else
            do_step "$main_step" || failed "$main_step"
        fi
    done
    note_state complete
    say "complete: every step here is done and was seen to be (run $RUN)"
    [ -z "$AFFECTED" ] || say "now clients/NAME.ksh on each of: $AFFECTED_NAMES"
    [ -z "$PUSHES" ] || say "what only a push can prove: $PUSHES"
    exit 0
}
