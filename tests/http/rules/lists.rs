//! Which rooms a list holds, and which of them are sent.

use expect_test::expect;

use crate::scenario::check;

#[test]
fn rooms_come_once_and_then_what_changes() {
    check(expect![[r#"
        v2: !a name="Tea" timeline m1 m2 | !b name="Coffee" timeline m3
        sync list all [0,9] timeline 1 state name
            all: 2
            !b initial join in=all name="Coffee" joined=2 invited=0 state{name="Coffee"} [m3] limited prev=<m3
            !a initial join in=all name="Tea" joined=2 invited=0 state{name="Tea"} [m2] limited prev=s1
        v2: !a m4
        sync
            all: 2
            !a in=all [m4] prev=<m4 live=1
        sync
            all: 2

    "#]]);
}
