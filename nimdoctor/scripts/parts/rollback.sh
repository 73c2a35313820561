# rollback.ksh: back to the last step that cannot be undone.

usage() {
    warn "usage: $NAME [client|master] [--yes]"
    exit 2
}

read_arguments() {
    NAMED='' YES=''
    while [ "$#" -gt 0 ]; do
        case $1 in
            client | master)
                [ -z "$NAMED" ] || usage
                NAMED=$1
                ;;
            --yes) YES=yes ;;
            *) usage ;;
        esac
        shift
    done
}

# to_undo: BACK, the steps to take back, last first; STANDS, what cannot be
to_undo() {
    BACK='' STANDS='' to_open=''
    for to_step in $STEPS; do
        acts "$to_step" || continue
        at "$END"
        [ ! -f "$DIR/stands.$to_step" ] || STANDS="${STANDS:+$STANDS }$to_step"
        is_done "$to_step" || is_begun "$to_step" || continue
        step "$to_step"
        [ -z "$OF" ] || continue
        if [ -n "$NO_UNDO" ] && is_done "$to_step"; then
            BACK='' STANDS=$to_step
        elif closed "$to_step"; then
            :
        elif step "$to_step" && [ -n "$CLOSED_BY" ]; then
            # what is still open is closed whatever stands
            to_open=$to_step
        else
            BACK="$to_step $BACK"
        fi
    done
    BACK="$BACK$to_open"
}

# unchanged_since N: the files are as the run left them, or as undoing makes them
unchanged_since() {
    step "$1"
    at "$END"
    if [ ! -f "$DIR/left.$1" ]; then
        # begun and not done: what it brought is no longer as an earlier step left it
        [ "$KIND" = run ] && left_by "$1" > "$WORK/brought" || return 0
        while IFS= read -r since_line; do
            CHANGED="$CHANGED|/${since_line#*/}|"
        done < "$WORK/brought"
        return 0
    fi
    while IFS= read -r since_line; do
        since_path=/${since_line#*/} since_was=${since_line%% /*}
        since_now=$(left_one "$since_path")
        [ "$since_now" != "$since_line" ] || continue
        case "$CHANGED" in
            *"|$since_path|"*) continue ;;
        esac
        since_now=${since_now%% /*}
        case $KIND in
            move)
                # the old name is back, or the new one is gone
                if [ "$since_was" = absent ] && [ "$since_now" != absent ]; then continue; fi
                if [ "$since_was" != absent ] && [ "$since_now" = absent ]; then continue; fi
                ;;
            run)
                [ "$since_now" != absent ] || continue
                [ -z "$MODE_OF" ] || [ "$since_now" != "mode $MODE_WAS" ] || continue
                ;;
            *) kept "$1" && [ "$since_now" = "$KEPT" ] && continue ;;
        esac
        warn "refused: $since_path is no longer as this run left it ($since_was, now $since_now)"
        case $KIND in
            edit | transient)
                if [ -f "$ROOT$since_path" ] && [ ! -h "$ROOT$since_path" ] && command -v diff > /dev/null && kept "$1"; then
                    "step_$1_lines" "$BACKUP" > "$WORK/left"
                    warn "as this run left it (<) and now (>):"
                    diff "$WORK/left" "$ROOT$since_path" >&2
                fi
                ;;
        esac
        return 1
    done < "$DIR/left.$1"
    while IFS= read -r since_line; do
        CHANGED="$CHANGED|/${since_line#*/}|"
    done < "$DIR/left.$1"
}

# what_stands: says it; the exit status is 1 where something does
what_stands() {
    stands_state=rolled-back
    [ -z "$STANDS" ] || stands_state=abandoned
    for stands_end in $ACT; do
        at "$stands_end"
        [ ! -f "$DIR/state" ] || write_mark "$stands_state" "$DIR/state"
    done
    if [ -z "$STANDS" ]; then
        say "nothing of this plan is left here"
        exit 0
    fi
    say "rolled back as far as it goes; what cannot be undone (step $STANDS), and what was done before it, stands:"
    where_things_stand
    for stands_step in $STEPS; do
        step "$stands_step"
        [ -z "$NO_UNDO" ] || ! { is_done "$stands_step" || is_begun "$stands_step"; } || say "  step $stands_step cannot be undone: $NO_UNDO"
    done
    exit 1
}

main() {
    read_arguments "$@"
    choose_ends
    must_be_allowed
    make_state
    lock_all
    no_other_run
    name_run
    ! in_leg || give_up "refused: the steps that make new certificates are begun and not done, and undoing them would leave the master with SSL off: apply.ksh goes on with them"
    a_new_moment
    to_undo
    bring_back
    [ -n "$BACK" ] || what_stands
    if [ -z "$NAMED" ]; then
        for main_step in $STEPS; do
            acts "$main_step" || at "$END" || {
                step "$main_step"
                [ -z "$NO_UNDO" ] || [ -n "$OF" ] || give_up "refused: step $main_step on the $END cannot be undone, and whether it was done is not known here: $NAME ${ACT%% *} takes back what was done here all the same"
            }
        done
    fi
    CHANGED=''
    for main_step in $BACK; do
        unchanged_since "$main_step" || give_up "nothing was undone"
    done
    if [ -z "$YES" ] && [ -t 0 ]; then
        for main_step in $BACK; do
            step "$main_step"
            say "  undo $main_step. $END: $TITLE"
        done
        printf 'Undo this now? Type yes: '
        read -r main_answer || main_answer=''
        [ "$main_answer" = yes ] || give_up "nothing was undone"
    fi
    for main_end in $ACT; do
        at "$main_end"
        write_mark rolling-back "$DIR/state"
    done
    for main_step in $BACK; do
        take_back "$main_step"
        main_code=$?
        step "$main_step"
        case $main_code in
            0) say "step $main_step ($END) $TITLE: undone" ;;
            1)
                bring_back
                warn "step $main_step ($END) $TITLE: not undone: $WHY"
                warn "where things stand:"
                where_things_stand >&2
                exit 1
                ;;
            2)
                STANDS="${STANDS:+$STANDS }$main_step"
                say "step $main_step ($END) $TITLE: $WHY"
                ;;
        esac
    done
    bring_back
    # what was opened and closed again leaves nothing to undo
    [ -n "$STANDS" ] || for main_step in $STEPS; do
        ! acts "$main_step" || forget "$main_step"
    done
    what_stands
}
