//! Making a failure small: whole classes of faults left out first, then halves, quarters and so on of the steps.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    plan::{Class, Plan},
    simulation::{Failure, run},
};

/// How many runs shrinking may take.
const BUDGET: usize = 300;

/// Runs a plan; a panic is a failure like any other.
pub fn outcome(plan: &Plan) -> Result<(), Failure> {
    match catch_unwind(AssertUnwindSafe(|| run(plan))) {
        Ok(outcome) => outcome,
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(Failure { kind: "panic".to_owned(), complaints: vec![text.unwrap_or_default()], trace: Vec::new() })
        }
    }
}

/// Returns a smaller plan that fails in the same way, and how.
pub fn shrink(plan: Plan, failure: Failure) -> (Plan, Failure) {
    let Some(sort) = failure.sorts().last() else { return (plan, failure) };
    let mut shrinker = Shrinker { plan, failure, sort, budget: BUDGET };
    for class in Class::ALL {
        let steps = shrinker.plan.steps.iter().copied().filter(|step| step.class() != Some(class)).collect();
        shrinker.try_steps(steps);
    }
    let mut size = shrinker.plan.steps.len() / 2;
    while size > 0 && shrinker.budget > 0 {
        let before = shrinker.plan.steps.len();
        shrinker.drop_chunks(size);
        if shrinker.plan.steps.len() == before || size > 1 {
            size /= 2;
        }
    }
    (shrinker.plan, shrinker.failure)
}

struct Shrinker {
    plan: Plan,
    failure: Failure,
    /// What to keep to: a plan that fails in another way is of no use.
    sort: String,
    budget: usize,
}

impl Shrinker {
    /// Leaves out each run of `size` steps that is not needed, the last first.
    fn drop_chunks(&mut self, size: usize) {
        let mut end = self.plan.steps.len();
        while end > 0 && self.budget > 0 {
            let start = end.saturating_sub(size);
            let mut steps = self.plan.steps.clone();
            steps.drain(start..end);
            self.try_steps(steps);
            end = start.min(self.plan.steps.len());
        }
    }

    fn try_steps(&mut self, steps: Vec<crate::plan::Step>) {
        if steps.len() == self.plan.steps.len() || self.budget == 0 {
            return;
        }
        self.budget -= 1;
        let plan = Plan { seed: self.plan.seed, steps };
        if let Err(failure) = outcome(&plan)
            && failure.sorts().any(|sort| sort == self.sort)
        {
            (self.plan, self.failure) = (plan, failure);
        }
    }
}
