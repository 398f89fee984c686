//! What of a room's timeline is sent (`spec/v4.md`, "Room result", "Room configurations").

use expect_test::expect;

use crate::scenario::{check, check_simplified, check_v4};

#[test]
fn the_newest_events_come_and_limited_says_that_there_are_more() {
    check(expect![[r#"
        v2: !a timeline m1 m2 m3
        sync list all [0,9] timeline 2
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m2 m3] limited prev=s1
        v2: !a m4 m5 m6
        sync
            all: 1
            !a in=all [m5 m6] limited prev=s2 live=2
    "#]]);
}

#[test]
fn a_timeline_that_begins_with_the_room_is_not_limited_whatever_the_homeserver_says_of_it() {
    // Synapse says so of every room just entered.
    check(expect![[r#"
        v2: !a timeline m1
        v2: !b limited prev=p timeline create join@me m2
        sync list all [0,0] timeline 9
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [create join@me m2] prev=p
        v2: !b m3
        sync
            all: 2
            !b in=all [m3] prev=<m3 live=1
        first list all [0,0] timeline 9
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [create join@me m2 m3] prev=p
    "#]]);
}

#[test]
fn a_timeline_that_reaches_the_beginning_is_not_limited() {
    check(expect![[r#"
        v2: !a timeline create join@me m1
        sync list all [0,9] timeline 10
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [create join@me m1] prev=<create-3
    "#]]);
}

#[test]
fn a_timeline_limit_of_zero_sends_none() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 0 state name
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
        v2: !a m2
        sync
            all: 1
    "#]]);
}

#[test]
fn a_gap_in_the_homeservers_timeline_is_a_gap_in_ours() {
    check(expect![[r#"
        v2: !a timeline m1 m2
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m2] limited prev=<m1
        v2: !a limited prev=gap timeline m8 m9
        sync
            all: 1
            !a in=all [m8 m9] limited prev=gap live=2
        first list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m8 m9] limited prev=gap
    "#]]);
}

#[test]
fn prev_batch_pages_on_from_where_the_answer_begins() {
    check(expect![[r#"
        homeserver: history !a m1 m2
        v2: !a timeline m3 m4
        sync list all [0,9] timeline 2
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m3 m4] limited prev=<m3
        page !a prev=<m3
            [m2 m1]
    "#]]);
}

#[test]
fn num_live_counts_what_is_new_even_in_a_room_that_is() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,0] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !b timeline m2 join@me m3 m4
        sync
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2 join@me m3 m4] limited prev=<m2 live=3
    "#]]);
}

#[test]
fn a_growing_limit_is_answered_at_once_with_the_newest() {
    check(expect![[r#"
        v2: !a timeline m1 m2 m3 m4
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m4] limited prev=s1
        sync list all [0,9] timeline 3 +5s
            all: 1
            !a in=all [m2 m3 m4] limited expanded prev=s1
        sync list all [0,9] timeline 1
            all: 1
        sync list all [0,9] timeline 3
            all: 1
    "#]]);
}

#[test]
fn a_limit_that_grew_again_after_a_gap_sends_the_newest_again() {
    check(expect![[r#"
        v2: !a timeline m1 m2
        sync list all [0,9] timeline 2
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m2] limited prev=<m1
        v2: !a m3 m4 m5
        sync list all [0,9] timeline 1
            all: 1
            !a in=all [m5] limited prev=s2 live=1
        sync list all [0,9] timeline 3
            all: 1
            !a in=all [m3 m4 m5] limited expanded prev=<m3
    "#]]);
}

#[test]
fn a_subscription_fetches_the_history_that_is_not_held() {
    check(expect![[r#"
        # Undisturbed: the history that the subscription has fetched may be there when a lost answer is asked for again.
        homeserver: history !a m1 m2 m3
        v2: !a timeline m4 m5
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m5] limited prev=s1
        asked nothing
        sync list all [0,9] timeline 1 room !a timeline 4
            all: 1
            !a in=all [m4 m5] limited expanded prev=<m4
        sync +5s
            all: 1
            !a in=all [m2 m3 m4 m5] limited expanded prev=<m4
        asked messages
            messages !a from=<m4 limit=4
        sync
            all: 1
    "#]]);
}

#[test]
fn what_was_sent_already_is_not_sent_again_when_the_homeserver_repeats_it() {
    check(expect![[r#"
        v2: !a timeline m1 m2
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m2] limited prev=<m1
        v2: !a m1 m2 m3
        sync
            all: 1
            !a in=all [m3] prev=s2 live=1
        v2: !a limited m2 m3 m4
        sync
            all: 1
            !a in=all [m4] prev=s3 live=1
    "#]]);
}

#[test]
fn a_redaction_edits_what_is_held() {
    check(expect![[r#"
        v2: !a timeline m1 m2
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m2] limited prev=<m1
        v2: !a redact:m1
        sync
            all: 1
            !a in=all [redact-m1] prev=<redact-m1 live=1
        first list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1(redacted) m2 redact-m1] limited prev=<m1
    "#]]);
}

#[test]
fn a_redacted_state_event_comes_redacted() {
    check(expect![[r#"
        v2: !a topic="secret"$t timeline m1
        sync list all [0,9] timeline 5 state topic
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{topic="secret"} [m1] limited prev=<m1
        v2: !a redact:t
        sync
            all: 1
            !a in=all state{topic} [redact-t] prev=<redact-t live=1
        first list all [0,9] timeline 5 state topic
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{topic} [m1 redact-t] limited prev=<m1
    "#]]);
}

#[test]
fn a_transaction_id_comes_back_to_the_device_that_sent() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a m2@me^txn7
        sync
            all: 1
            !a in=all [m2^txn7] prev=<m2 live=1
    "#]]);
}

#[test]
fn messages_of_ignored_users_are_left_out() {
    check(expect![[r#"
        v2: !a timeline m1 m2@eve m3 | ignore @eve
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob @eve] joined=3 invited=0 [m1 m3] limited prev=<m1
        v2: !a m4@eve
        sync +0.1s
            all: 1
        v2: !a m5@eve m6
        sync
            all: 1
            !a in=all [m6] prev=s3 live=1
    "#]]);
}

#[test]
fn an_expanded_timeline_is_limited_where_clients_need_it_to_be() {
    check(expect![[r#"
        v2: !a timeline create join@me m1 m2
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=s1
        sync list all [0,9] timeline 10
            all: 1
            v4: !a in=all [create join@me m1 m2] expanded prev=<create-3
            simplified: !a in=all [create join@me m1 m2] limited expanded prev=<create-3
    "#]]);
}

#[test]
fn a_pos_stands_for_a_token_in_messages() {
    check(expect![[r#"
        v2: !a timeline m1 m2
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=s1
        asked nothing
        page !a pos
            [m2 m1]
        asked messages
            messages !a from=s1
    "#]]);
}

#[test]
fn a_limit_over_the_cap_is_capped_here_and_refused_there() {
    check_v4(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 5000
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
    "#]]);
    check_simplified(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 5000
            400 M_BAD_JSON: lists.all.timeline_limit: must be at most 1000, not 5000
        sync list all [0,9] timeline -1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0
    "#]]);
}

#[test]
fn history_that_cannot_be_fetched_at_first_is_asked_for_again() {
    check(expect![[r#"
        homeserver: history !a m1 m2 m3
        homeserver: fail messages 500
        v2: !a timeline m4 m5
        sync conn=c room !a timeline 4
            !a initial join heroes[@bob] joined=2 invited=0 [m4 m5] limited prev=<m4
        sync conn=c +5s
            !a [m2 m3 m4 m5] limited expanded prev=<m4
    "#]]);
}

#[test]
fn history_that_cannot_be_fetched_leaves_a_token_to_page_from() {
    check(expect![[r#"
        # Undisturbed: what goes wrong once must not be met by a request that a restart breaks off.
        homeserver: history !a m1 m2 m3
        homeserver: fail messages 403
        v2: !a timeline m4 m5
        sync conn=c room !a timeline 4
            !a initial join heroes[@bob] joined=2 invited=0 [m4 m5] limited prev=<m4
        was-asked messages
        failed messages
        sync conn=c +0.1s
            nothing
        page !a prev=<m4
            [m3 m2 m1]
    "#]]);
}

#[test]
fn aggregations_come_with_limited_timelines_until_they_are_out_of_date() {
    check(expect![[r#"
        v2: !a timeline m1 json={"timeline":{"limited":true,"events":[{"type":"m.room.message","event_id":"$m1","sender":"@bob:x","origin_server_ts":1700000001000,"content":{"body":"m1"},"unsigned":{"m.relations":{"m.replace":{"event_id":"$e"}}}}]}}
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1(m.replace)] limited prev=<m1
        v2: !a edit:m1
        first list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 re-m1] limited prev=<m1
    "#]]);
}

#[test]
fn an_event_that_is_redacted_in_the_homeservers_answer_stays_so() {
    check(expect![[r#"
        v2: !a timeline m1={} m2
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1(redacted) m2] limited prev=<m1
    "#]]);
}

#[test]
fn an_own_message_that_waits_for_another_poll_is_live_when_it_comes() {
    check(expect![[r#"
        v2: !a timeline m1 | !b timeline m2
        login-device TABLET
        sync device=TABLET list all [0,9] timeline 5
            all: 2
            !b initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        park device=TABLET
        v2: !a m3@me
        v2: !b m4
        asleep device=TABLET
        v2@TABLET: !a m3@me^txn1 | !b m4
        woken device=TABLET
            all: 2
            !b in=all [m4] prev=<m4 live=1
            !a in=all [m3^txn1] prev=<m3 live=1
    "#]]);
}

#[test]
fn history_that_was_being_fetched_when_the_server_died_is_asked_for_again() {
    check(expect![[r#"
        homeserver: history !a m1 m2 m3
        homeserver: fail messages hangs
        v2: !a timeline m4 m5
        sync room !a timeline 4
            !a initial join heroes[@bob] joined=2 invited=0 [m4 m5] limited prev=<m4
        was-asked messages
        restart
        sync +5s
            !a [m2 m3 m4 m5] limited expanded prev=<m4
        sync +0.1s
            nothing
    "#]]);
}

#[test]
fn an_own_message_waits_no_longer_than_until_the_devices_own_poll_has_told() {
    check(expect![[r#"
        v2: !a timeline m1
        login-device TABLET
        sync device=TABLET list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a m2@me
        v2@TABLET: !a m2@me
        sync device=TABLET
            all: 1
            !a in=all [m2] prev=<m2 live=1
        v2@TABLET: !a m3@me
        sync device=TABLET
            all: 1
    "#]]);
}

#[test]
fn what_was_written_while_its_sender_was_ignored_comes_with_the_whole() {
    check(expect![[r#"
        v2: !a timeline m1 m2 m4 | ignore @eve
        sync list all [0,9] timeline 9
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m2 m4] limited prev=<m1
        homeserver: whole !a timeline m1 m2 m3@eve m4
        v2: ignore
        settled complete
        first list all [0,9] timeline 9
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1 m2 m3 m4] limited prev=<m1
    "#]]);
}

#[test]
fn what_was_sent_before_its_sender_was_ignored_is_left_out_from_then_on() {
    check(expect![[r#"
        v2: !a timeline m1 m2@eve m3
        sync list all [0,9] timeline 9
            all: 1
            !a initial join in=all heroes[@bob @eve] joined=3 invited=0 [m1 m2 m3] limited prev=<m1
        v2: ignore @eve
        first list all [0,9] timeline 9
            all: 1
            !a initial join in=all heroes[@bob @eve] joined=3 invited=0 [m1 m3] limited prev=<m1
        v2: ignore
        first list all [0,9] timeline 9
            all: 1
            !a initial join in=all heroes[@bob @eve] joined=3 invited=0 [m1 m2 m3] limited prev=<m1
    "#]]);
}

#[test]
fn a_redaction_in_history_edits_what_is_held_from_before_a_gap() {
    check(expect![[r#"
        # Undisturbed: the history that the subscription has fetched may be there when a lost answer is asked for again.
        v2: !a timeline m1 m2
        v2: !a limited prev=<m9 timeline m9
        homeserver: history !a m1 m2 redact:m1 m8
        sync room !a timeline 9
            !a initial join heroes[@bob] joined=2 invited=0 [m9] limited prev=<m9
        sync +5s
            v4: !a [m1(redacted) m2 redact-m1 m8 m9] expanded prev=<m1
            simplified: !a [m1(redacted) m2 redact-m1 m8 m9] limited expanded prev=<m1
    "#]]);
}

#[test]
fn what_was_redacted_while_nobody_polled_is_redacted_by_the_whole() {
    check(expect![[r#"
        # Undisturbed: it writes the homeserver's state block itself.
        v2: !a topic="secret"$t timeline m1 m2
        sync list all [0,9] timeline 5 state topic
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{topic="secret"} [m1 m2] limited prev=<m1
        homeserver: whole !a bare create name="Tea" json={"state":{"events":[{"type":"m.room.create","state_key":"","event_id":"$c","sender":"@bob:x","origin_server_ts":1700000001000,"content":{"room_version":"10"}},{"type":"m.room.topic","state_key":"","event_id":"$t","sender":"@bob:x","origin_server_ts":1700000001000,"content":{},"unsigned":{"redacted_because":{"type":"m.room.redaction"}}}]},"timeline":{"events":[{"type":"m.room.message","event_id":"$m1","sender":"@bob:x","origin_server_ts":1700000002000,"content":{},"unsigned":{"redacted_because":{"type":"m.room.redaction"}}},{"type":"m.room.message","event_id":"$m2","sender":"@bob:x","origin_server_ts":1700000003000,"content":{"body":"m2"}}]}}
        v2: ignore @eve
        v2: ignore
        settled complete
        first list all [0,9] timeline 5 state topic
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 state{topic} [m1(redacted) m2] limited prev=<m1
    "#]]);
}

#[test]
fn a_timeline_limit_that_is_not_reached_for_a_gap_is_limited() {
    check(expect![[r#"
        v2: !a timeline create join@me m1
        v2: !a limited prev=gap timeline m8
        sync list all [0,9] timeline 9
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m8] limited prev=gap
        page !a prev=gap
            [m8 m1 join@me create]
    "#]]);
}

#[test]
fn history_that_a_list_was_content_without_is_fetched_for_a_subscription() {
    check(expect![[r#"
        homeserver: history !a m1 m2 m3
        v2: !a timeline m4 m5
        sync list all [0,9] timeline 4
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m4 m5] limited prev=<m4
        asked nothing
        sync list all [0,9] timeline 4 room !a timeline 4 +5s
            all: 1
            !a in=all [m2 m3 m4 m5] limited expanded prev=<m4
        asked messages
            messages !a from=<m4 limit=4
    "#]]);
}

#[test]
fn history_is_searched_for_behind_pages_that_show_nothing() {
    check(expect![[r#"
        # Undisturbed: what goes wrong once must not be met by a request that a restart breaks off.
        homeserver: history !a m1 m2 m3
        homeserver: fail messages json={"chunk":[],"start":"<m4","end":"<m3"}
        v2: !a timeline m4 m5
        sync room !a timeline 4
            !a initial join heroes[@bob] joined=2 invited=0 [m4 m5] limited prev=<m4
        sync +5s
            v4: !a [m1 m2 m4 m5] expanded prev=<m4
            simplified: !a [m1 m2 m4 m5] limited expanded prev=<m4
    "#]]);
}

#[test]
fn history_that_was_asked_for_before_a_gap_is_not_taken_for_what_is_in_it() {
    check(expect![[r#"
        # Undisturbed: what goes wrong once must not be met by a request that a restart breaks off.
        homeserver: history !a m1 m2 m3
        homeserver: fail messages 429 0.3
        v2: !a timeline m4 m5
        sync room !a timeline 4
            !a initial join heroes[@bob] joined=2 invited=0 [m4 m5] limited prev=<m4
        was-asked messages
        v2: !a limited prev=gap timeline m8 m9
        sync
            !a [m8 m9] limited prev=gap live=2
        sync +5s
            !a [m4 m5 m8 m9] limited expanded prev=<m4
    "#]]);
}

#[test]
fn fetched_history_comes_with_the_members_of_its_senders() {
    check(expect![[r#"
        # Undisturbed: the history that the subscription has fetched may be there when a lost answer is asked for again.
        homeserver: history !a join@kim join@lea m1@kim m2@lea m3@kim
        v2: !a timeline m4 m5
        sync room !a timeline 4 lazy
            !a initial join heroes[@kim @lea @bob] joined=4 invited=0 state{join@bob} [m4 m5] limited prev=<m4
        sync +5s
            !a state{join@lea join@kim join@bob} [m2 m3 m4 m5] limited expanded prev=<m4
        v2: !a m6@kim
        sync
            !a [m6] prev=<m6 live=1
    "#]]);
}

#[test]
fn a_limit_that_shrinks_and_grows_sends_only_what_was_not_sent() {
    check(expect![[r#"
        v2: !a timeline m1 m2 m3 m4
        sync list all [0,9] timeline 3
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m2 m3 m4] limited prev=s1
        sync list all [0,9] timeline 0
            all: 1
        v2: !a m5
        sync
            all: 1
        sync list all [0,9] timeline 2
            all: 1
            !a in=all [m4 m5] limited expanded prev=s1
        sync list all [0,9] timeline 5
            all: 1
            !a in=all [m1 m2 m3 m4 m5] limited expanded prev=<m1
        sync list all [0,9] timeline 1
            all: 1
        v2: !a m6
        sync
            all: 1
            !a in=all [m6] prev=<m6 live=1
        sync list all [0,9] timeline 5
            all: 1
    "#]]);
}

#[test]
fn a_lost_expansion_comes_again() {
    check(expect![[r#"
        v2: !a timeline m1 m2 m3
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m3] limited prev=s1
        lost list all [0,9] timeline 3
            all: 1
            !a in=all [m1 m2 m3] limited expanded prev=<m1
        v2: !a m4
        sync list all [0,9] timeline 3
            all: 1
            !a in=all [m2 m3 m4] limited expanded prev=s1 live=1
        sync list all [0,9] timeline 3
            all: 1
    "#]]);
}

#[test]
fn a_gap_without_a_token_of_its_own_still_has_one() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 5
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a timeline m8 m9 json={"timeline":{"limited":true,"prev_batch":null}}
        sync
            all: 1
            !a in=all [m8 m9] limited prev=s2 live=2
    "#]]);
}
