//! Explaining a room to whoever writes a client.

use std::rc::Rc;

use ruma::DeviceId;

use super::{Account, AccountError, InMemory, Status};
use crate::{
    connection::{EngineState, ExplainRequest, Explanation},
    model::Step,
};

impl Account {
    /// Explains why a room is, or is not, in what the connections of a device are sent. Takes nothing as asked or sent.
    pub async fn explain(
        self: &Rc<Self>,
        device: &DeviceId,
        request: &ExplainRequest,
    ) -> Result<Explanation, AccountError> {
        if self.stopped.get() {
            return Err(AccountError::Stopped);
        }
        let mut rounds = 0;
        let mut explanation = loop {
            let step = {
                let mut state = self.state.borrow_mut();
                let InMemory { cache, connections } = &mut *state;
                connections.explain(cache, device, request, self.now())
            };
            match step {
                Step::Done(explanation) => break explanation,
                Step::Need(keys) => self.load(&keys, &mut rounds).await?,
            }
        };
        let Status { state, message, .. } = self.status.borrow().clone();
        explanation.engine = EngineState { state: state.name(), message, fetching: self.fetching_of(&request.room) };
        Ok(explanation)
    }
}
