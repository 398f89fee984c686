//! To-device messages (MSC3885, MSC4538): one queue and one token per device, whatever the connection.
//!
//! Invariants: reading consumes nothing; only a token that was issued to this very device acknowledges, and a token
//! tells by its high bits that it was (design.md §3, Connections).

use crate::cache::DeviceCache;
use crate::connection::{
    error::SyncError,
    reader::Reader,
    request::{ToDeviceRequest, Wire},
    response::ToDeviceResponse,
};
use crate::limits::ANSWER_BYTES;

/// The bits below the epoch: sequence numbers. A token stays below 2^53, so that every JSON reader takes it.
const SEQUENCE_BITS: u32 = 32;
const EPOCH_MASK: u64 = (1 << (53 - SEQUENCE_BITS)) - 1;

/// Returns the token that stands for everything up to `sequence`.
pub fn token(epoch: u32, sequence: u64) -> u64 {
    (u64::from(epoch) & EPOCH_MASK) << SEQUENCE_BITS | sequence & u64::from(u32::MAX)
}

/// Returns the sequence number up to which `since` acknowledges, or `None` if it was not issued to this device.
pub fn acknowledged(device: &DeviceCache, since: u64) -> Option<u64> {
    let sequence = since & u64::from(u32::MAX);
    let issued = token(device.record.to_device_epoch, sequence) == since && sequence < device.record.to_device_next;
    issued.then_some(sequence)
}

/// Returns up to which sequence number the request acknowledges, `None` for nothing new. On v4 a foreign token is an error;
/// on the unstable wire it replays everything held, because a client may come from another server with it.
pub fn check(device: Option<&DeviceCache>, request: &ToDeviceRequest, wire: Wire) -> Result<Option<u64>, SyncError> {
    let Some(since) = request.since else { return Ok(None) };
    let before = device.map_or(0, |device| device.record.to_device_acknowledged);
    match (device.and_then(|device| acknowledged(device, since)), wire) {
        (Some(sequence), _) => Ok(Some(sequence).filter(|sequence| *sequence > before)),
        (None, Wire::Simplified) => Ok(None),
        (None, Wire::V4) => Err(SyncError::InvalidParam {
            field: "extensions.org.matrix.msc4538.to_device.since",
            message: "this token was not issued to this device".to_owned(),
        }),
    }
}

/// Returns the messages after what the request acknowledges, and the token for the last of them.
pub fn compute(
    reader: &mut Reader<'_>,
    device: Option<&DeviceCache>,
    request: &ToDeviceRequest,
    wire: Wire,
) -> Option<Option<ToDeviceResponse>> {
    let Some(device) = device else {
        let nothing = (wire == Wire::Simplified).then(ToDeviceResponse::default);
        return Some(nothing);
    };
    let record = &device.record;
    let after = request.since.and_then(|since| acknowledged(device, since)).unwrap_or(0);
    let mut last = after.max(record.to_device_acknowledged);
    let mut events = Vec::new();
    let mut complete = true;
    let mut expected = 0;
    let mut bytes = 0;
    'queue: for (&first, &length) in &device.to_device {
        let end = first.saturating_add(length as u64);
        if end <= last.saturating_add(1) {
            continue;
        }
        if expected >= request.limit {
            break;
        }
        expected += usize::try_from(end - first.max(last.saturating_add(1))).unwrap_or(usize::MAX);
        let Some(messages) = reader.queued_messages(&record.device_id, first) else {
            complete = false;
            continue;
        };
        let numbered = (first..).zip(messages.map_or(&[][..], |record| &record.messages));
        let after = last;
        for (sequence, message) in numbered.filter(|(sequence, _)| complete && *sequence > after) {
            if events.len() >= request.limit || bytes >= ANSWER_BYTES {
                break 'queue;
            }
            last = sequence;
            bytes += message.get().len();
            events.push(std::rc::Rc::clone(message));
        }
    }
    if !complete {
        return None;
    }
    let said = wire == Wire::Simplified || !events.is_empty();
    Some(said.then(|| ToDeviceResponse { next_batch: token(record.to_device_epoch, last), events }))
}
