//! `pos` as `from` and `to` of `/messages`, `/relations` and `/keys/changes` (`spec/v4.md`, "Connection";
//! `spec/extensions.md`, last paragraph): it stands for a v2 token.

use expect_test::expect;

use crate::scenario::check;

#[test]
fn a_pos_stands_for_a_v2_token_wherever_one_may_stand() {
    check(expect![[r#"
        v2: !a timeline m1 m2
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=s1
        v2: !a m3
        sync
            all: 1
            !a in=all [m3] prev=<m3 live=1
        asked nothing
        ask rooms/!a:x/messages dir=b from=pos:1
            200
        ask rooms/!a:x/messages dir=b from=pos to=pos:1
            200
        ask rooms/!a:x/messages dir=f from=pos:1 to=pos
            200
        ask rooms/!a:x/relations/$m1 from=pos to=pos:1
            200
        ask rooms/!a:x/relations/$m1/m.thread/m.room.message from=pos dir=f
            200
        ask keys/changes from=pos:1 to=pos
            200
        asked messages relations keys_changes
            messages !a from=s2
            messages !a from=s2 to=s1
            messages !a from=s1 to=s2
            relations !a m1 from=s2 to=s1
            relations !a m1 from=s2
            keys_changes from=s1 to=s2
    "#]]);
}

#[test]
fn between_two_tokens_the_one_is_taken_that_shows_more() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a m2
        v2: !a m3
        sync
            all: 1
            !a in=all [m3] limited prev=<m3 live=1
        v2: !a m4
        asked nothing
        ask keys/changes from=pos:1 to=pos:1
            200
        ask rooms/!a:x/messages dir=b from=pos
            200
        asked messages keys_changes
            keys_changes from=s1 to=s2
            messages !a from=s4
    "#]]);
}

#[test]
fn a_pos_stands_for_its_token_longer_than_its_connection_lives() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        v2: !a m2
        first list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m2] limited prev=<m2
        sync pos=none conn=b
            nothing
        asked nothing
        ask keys/changes from=pos:1
            200
        restart
        ask keys/changes from=pos:1
            200
        asked keys_changes
            keys_changes from=s1
        sync conn=b
            nothing
    "#]]);
}

#[test]
fn a_pos_that_stands_for_no_place_is_unknown() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        asked nothing
        ask rooms/!a:x/messages dir=b from=5/s99_1_7
            400 M_UNKNOWN_POS: from: this pos stands for no place any more
        ask rooms/!a:x/messages dir=b from=5/s1_99_7
            400 M_UNKNOWN_POS: from: this pos stands for no place any more
        ask rooms/!a:x/messages dir=b from=5/s99999999999999999999_1_7
            400 M_UNKNOWN_POS: from: this pos stands for no place any more
        ask rooms/!a:x/relations/$m1 to=5/s99_1_7
            400 M_UNKNOWN_POS: to: this pos stands for no place any more
        ask keys/changes from=pos to=5/s99_1_7
            400 M_UNKNOWN_POS: to: this pos stands for no place any more
        ask keys/changes from=5/s0_1_7
            400 M_UNKNOWN_POS: from: this pos stands for no place any more
        asked messages relations keys_changes
    "#]]);
}

#[test]
fn what_is_foreign_passes_through_untouched() {
    check(expect![[r#"
        v2: !a timeline m1
        sync list all [0,9] timeline 1
            all: 1
            !a initial join in=all heroes[@bob] joined=2 invited=0 [m1] limited prev=<m1
        asked nothing
        ask rooms/!a:x/messages dir=b from=t47409-4357353_219380_26003_2265
            200
        ask rooms/!a:x/messages dir=b from=s1 to=<m1
            200
        ask rooms/!a:x/messages dir=b from=7/s72594_4483_1934_12_0_3
            200
        ask rooms/!a:x/relations/$m1 from=bogus
            200
        ask keys/changes from=s1 to=s1
            200
        ask joined_rooms from=5/s99_1_7
            404 M_UNRECOGNIZED: scripted
        asked messages relations keys_changes
            messages !a from=t47409-4357353_219380_26003_2265
            messages !a from=s1 to=<m1
            messages !a from=7/s72594_4483_1934_12_0_3
            relations !a m1 from=bogus
            keys_changes from=s1 to=s1
    "#]]);
}
