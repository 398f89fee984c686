//! The connections of an account.
//!
//! Invariant: a device has at most [`CONNECTIONS`] of them; what is not in its directory is forgotten, whatever is still
//! stored of it.

use std::{cmp::Reverse, rc::Rc};

use ruma::{DeviceId, OwnedDeviceId};
use rustc_hash::FxHashMap;

use super::{
    answer::AnswerLimits,
    chain::Writes,
    connection::{Answer, Connection, Poll},
    error::SyncError,
    explain::{self, ConnectionName, ExplainRequest, Explanation},
    extensions::to_device,
    reader::Reader,
    request::{SyncRequest, Wire},
    stored::{self, Directory, DirectoryEntry, Place},
};
use crate::cache::{AccountCache, Changes};
use crate::limits::{CONNECTION_IDLE, CONNECTION_UNUSED, CONNECTION_USE_GRAIN, CONNECTIONS};
use crate::model::{Record, RecordKey, Step, Timestamp, order::sorted_by_key};

/// All connections of one account.
///
/// For each request call [`arrive`](Connections::arrive) when it comes, and
/// [`handle_request`](Connections::handle_request) until it is done; commit what it says is acknowledged, then
/// [`poll_response`](Connections::poll_response): on `Need` load the records into the cache and poll again, on `Wait` poll
/// again when [`handle_change`](Connections::handle_change) names the ticket or the time has come. Once an answer is
/// written, or cannot be, call [`handle_written`](Connections::handle_written) or
/// [`handle_write_failed`](Connections::handle_write_failed). When the client hangs up, call
/// [`handle_cancel`](Connections::handle_cancel). Now and then, between answers, call
/// [`handle_idle`](Connections::handle_idle).
#[derive(Debug, Default)]
pub struct Connections {
    devices: FxHashMap<OwnedDeviceId, Device>,
    serial: u64,
    /// When what is unused was last dropped from memory.
    swept: Timestamp,
    limits: AnswerLimits,
}

/// When a request came: before which others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival(u64);

/// Which request: it stays good when a newer one takes its place, and says so then.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// The device that asked.
    pub device: OwnedDeviceId,
    /// Over which wire.
    pub wire: Wire,
    /// On which connection.
    pub conn_id: String,
    serial: u64,
}

/// A request that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Stands for the request from now on.
    pub ticket: Ticket,
    /// To-device messages up to this sequence number have reached the client, which is news: commit that before
    /// polling.
    pub acknowledge_to_device: Option<u64>,
    /// The requests that this one took the place of, on its connection or on those that made room for it: poll them, to
    /// end them.
    pub superseded: Vec<Ticket>,
}

/// The connections of one device.
#[derive(Debug, Default)]
struct Device {
    directory: Directory,
    connections: FxHashMap<(Wire, String), Connection>,
    /// Writes that go with every answer until one of them is known to be written: the directory, and connections that
    /// went. An answer that stands on them may be on its way while the write of another fails. Each has a number.
    writes: Vec<(u64, RecordKey, Option<Record>)>,
    /// The number of the last of them.
    last_write: u64,
    /// The answers that are being written, by serial number, and the last of the writes that each carries.
    carried: Vec<(u64, u64)>,
    /// When the directory was last written.
    written: Timestamp,
}

impl Connections {
    /// Notes that a request has come. It may be held before it is handled, and another may overtake it meanwhile.
    pub fn arrive(&mut self) -> Arrival {
        self.serial += 1;
        Arrival(self.serial)
    }

    /// Accepts a request: finds or makes its connection, judges `pos`, confirms what that confirms. `nonce` is random; a
    /// new connection takes it. On `Need` load the records and call again.
    pub fn handle_request(
        &mut self,
        cache: &mut AccountCache,
        device: &DeviceId,
        request: &Rc<SyncRequest>,
        arrival: Arrival,
        nonce: u64,
        now: Timestamp,
    ) -> Result<Step<Accepted>, SyncError> {
        let place = Place { device, wire: request.wire, conn_id: &request.conn_id };
        if let Err(missing) = self.load(cache, place, now) {
            return Ok(Step::Need(missing));
        }
        let acknowledge_to_device = match &request.extensions.to_device {
            Some(to_device) => to_device::check(cache.devices.get(device), to_device, request.wire)?,
            None => None,
        };
        // Loading has put the device there.
        let entry = self.devices.entry(device.to_owned()).or_default();
        let mut superseded = if request.pos.is_none() { entry.make(place, nonce, now) } else { Vec::new() };
        let connection = entry.connections.get_mut(&place.name()).ok_or(SyncError::UnknownPos)?;
        let Arrival(serial) = arrival;
        let before = connection.handle_request(cache, device, request, serial, now)?;
        entry.touch(place, now);
        let ticket =
            |serial| Ticket { device: device.to_owned(), wire: request.wire, conn_id: request.conn_id.clone(), serial };
        superseded.extend(before.into_iter().map(ticket));
        Ok(Step::Done(Accepted { ticket: ticket(serial), acknowledge_to_device, superseded }))
    }

    /// Lets answers carry less than they may, so that a few small rooms are too much for one.
    #[cfg(any(test, feature = "testing"))]
    pub fn limit_answers(&mut self, limits: AnswerLimits) {
        self.limits = limits;
    }

    /// Computes the answer to an accepted request.
    pub fn poll_response(&mut self, cache: &mut AccountCache, ticket: &Ticket, now: Timestamp) -> Poll {
        let Some(device) = self.devices.get_mut(&ticket.device) else { return Poll::Superseded };
        let place = ticket.place();
        let Some(connection) = device.connections.get_mut(&place.name()) else { return Poll::Superseded };
        match connection.poll_response(cache, place, ticket.serial, self.limits, now) {
            Poll::Ready(answer) => {
                let Answer { response, writes, fetch } = *answer;
                let writes = device.carry(ticket.serial).into_iter().chain(writes).collect();
                Poll::Ready(Box::new(Answer { response, writes, fetch }))
            }
            other => other,
        }
    }

    /// Returns the waiting requests that may have something to say after a commit.
    pub fn handle_change(&mut self, cache: &mut AccountCache, changes: &Changes) -> Vec<Ticket> {
        let mut woken = Vec::new();
        for (device, entry) in &mut self.devices {
            for ((wire, conn_id), connection) in &mut entry.connections {
                for serial in connection.handle_change(cache, device, changes) {
                    woken.push(Ticket { device: device.clone(), wire: *wire, conn_id: conn_id.clone(), serial });
                }
            }
        }
        woken
    }

    /// Forgets a request whose client has hung up.
    pub fn handle_cancel(&mut self, ticket: &Ticket) {
        if let Some(device) = self.devices.get_mut(&ticket.device) {
            // Whether its answer was written, nobody knows.
            device.carried_by(ticket.serial);
        }
        if let Some(connection) = self.connection(ticket) {
            connection.handle_cancel(ticket.serial);
        }
    }

    /// Notes that the writes of this request's answer were written.
    pub fn handle_written(&mut self, ticket: &Ticket) {
        if let Some(device) = self.devices.get_mut(&ticket.device)
            && let Some(last) = device.carried_by(ticket.serial)
        {
            device.writes.retain(|(number, ..)| *number > last);
        }
    }

    /// Notes that the writes of this request's answer could not be written. Do not send the answer.
    pub fn handle_write_failed(&mut self, ticket: &Ticket) {
        if let Some(device) = self.devices.get_mut(&ticket.device) {
            device.carried_by(ticket.serial);
        }
        if let Some(connection) = self.connection(ticket) {
            connection.handle_write_failed(ticket.serial);
        }
    }

    /// Drops from memory what has not been used for a while: connections, which are stored and come back with their next
    /// request, and lists that none of the others asks for.
    pub fn handle_idle(&mut self, cache: &mut AccountCache, now: Timestamp) {
        if now.since(self.swept) < CONNECTION_IDLE {
            return;
        }
        self.swept = now;
        for device in self.devices.values_mut() {
            device.drop_idle(now);
        }
        // What a device still has to write goes with its next answer.
        self.devices.retain(|_, device| !device.connections.is_empty() || !device.writes.is_empty());
        cache.drop_unused();
    }

    /// Returns how many connections are in memory.
    pub fn in_memory(&self) -> usize {
        self.devices.values().map(|device| device.connections.len()).sum()
    }

    /// Explains a room to the user, as far as one device's connections go. Nothing is taken as asked, sent or used by it.
    /// On `Need` load the records and call again.
    pub fn explain(
        &mut self,
        cache: &mut AccountCache,
        device: &DeviceId,
        request: &ExplainRequest,
        now: Timestamp,
    ) -> Step<Explanation> {
        let directory = match self.load_all(cache, device, now) {
            Ok(directory) => directory,
            Err(missing) => return Step::Need(missing),
        };
        let entries = sorted_by_key(directory.connections, |entry| Reverse(entry.used));
        let named = |conn_id: &str| request.conn_id.as_deref().is_none_or(|named| named == conn_id);
        let mut chosen = Vec::new();
        let mut others = Vec::new();
        for entry in entries {
            let Some(wire) = Wire::from_name(&entry.wire) else { continue };
            let key = (wire, entry.conn_id);
            let connection = self.devices.get(device).and_then(|device| device.connections.get(&key));
            let name = ConnectionName { wire: key.0, conn_id: key.1 };
            match connection.filter(|_| named(&name.conn_id)) {
                Some(connection) => chosen.push((name, entry.used, connection.standing())),
                None => others.push(name),
            }
        }
        explain::explain(cache, device, request, chosen, others, now)
    }

    fn connection(&mut self, ticket: &Ticket) -> Option<&mut Connection> {
        self.devices.get_mut(&ticket.device)?.connections.get_mut(&ticket.place().name())
    }

    /// Brings all connections of the device into memory, and returns its directory.
    fn load_all(
        &mut self,
        cache: &AccountCache,
        device: &DeviceId,
        now: Timestamp,
    ) -> Result<Directory, Vec<RecordKey>> {
        self.load(cache, Place { device, wire: Wire::V4, conn_id: "" }, now)?;
        let directory = self.devices.get(device).map(|device| device.directory.clone()).unwrap_or_default();
        let mut missing = Vec::new();
        for entry in &directory.connections {
            let Some(wire) = Wire::from_name(&entry.wire) else { continue };
            let place = Place { device, wire, conn_id: &entry.conn_id };
            missing.extend(self.load(cache, place, now).err().into_iter().flatten());
        }
        if missing.is_empty() { Ok(directory) } else { Err(missing) }
    }

    /// Brings the device's directory and the connection into memory, or tells what has to be loaded for that.
    fn load(&mut self, cache: &AccountCache, place: Place<'_>, now: Timestamp) -> Result<(), Vec<RecordKey>> {
        let mut reader = Reader::new(&cache.records);
        if !self.devices.contains_key(place.device) {
            let Some(record) = reader.connection(stored::directory_key(place.device)) else {
                return Err(reader.into_missing());
            };
            let directory = record.and_then(stored::decode_directory).unwrap_or_default();
            self.devices.insert(place.device.to_owned(), Device { directory, ..Device::default() });
        }
        let Some(device) = self.devices.get_mut(place.device) else { return Ok(()) };
        device.expire(place.device, now);
        let Some(entry) = device.directory.entry(place) else { return Ok(()) };
        if device.connections.contains_key(&place.name()) {
            return Ok(());
        }
        let parts: Vec<Option<Option<&Record>>> = place.keys().map(|key| reader.connection(key)).collect();
        if reader.missing() > 0 {
            return Err(reader.into_missing());
        }
        let connection = Connection::restore(entry.nonce, parts.into_iter().map(Option::flatten));
        device.connections.insert(place.name(), connection);
        Ok(())
    }
}

impl Ticket {
    fn place(&self) -> Place<'_> {
        Place { device: &self.device, wire: self.wire, conn_id: &self.conn_id }
    }
}

impl Place<'_> {
    fn name(&self) -> (Wire, String) {
        (self.wire, self.conn_id.to_owned())
    }
}

impl Directory {
    fn entry(&self, place: Place<'_>) -> Option<&DirectoryEntry> {
        self.connections.iter().find(|entry| entry.is_at(place))
    }
}

impl DirectoryEntry {
    fn is_at(&self, place: Place<'_>) -> bool {
        self.wire == place.wire.name() && self.conn_id == place.conn_id
    }
}

impl Device {
    /// Makes the connection if there is none; the least recently used ones make room. Returns the requests that waited on
    /// those.
    fn make(&mut self, place: Place<'_>, nonce: u64, now: Timestamp) -> Vec<Ticket> {
        let mut superseded = Vec::new();
        if self.connections.contains_key(&place.name()) {
            return superseded;
        }
        while self.directory.connections.len() >= CONNECTIONS {
            superseded.extend(self.remove_oldest(place.device));
        }
        self.directory.connections.push(DirectoryEntry {
            wire: place.wire.name().to_owned(),
            conn_id: place.conn_id.to_owned(),
            nonce,
            used: now,
        });
        self.write_directory(place.device, now);
        // The connection's own first answer replaces what was stored there.
        let parts: Vec<RecordKey> = place.keys().collect();
        self.writes.retain(|(_, key, _)| !parts.contains(key));
        self.connections.insert(place.name(), Connection::new(nonce));
        superseded
    }

    /// Removes the connections that were not used for too long.
    fn expire(&mut self, device: &DeviceId, now: Timestamp) {
        let before = self.directory.connections.len();
        while self.oldest().is_some_and(|(_, used)| now.since(used) > CONNECTION_UNUSED) {
            self.remove_oldest(device);
        }
        if self.directory.connections.len() < before {
            self.write_directory(device, now);
        }
    }

    /// Drops connections from memory that nobody uses now.
    fn drop_idle(&mut self, now: Timestamp) {
        let Device { directory, connections, .. } = self;
        connections.retain(|(wire, conn_id), connection| {
            let is_it = |entry: &&DirectoryEntry| entry.wire == wire.name() && entry.conn_id == *conn_id;
            let used = directory.connections.iter().find(is_it).map(|entry| entry.used);
            connection.active().next().is_some() || used.is_some_and(|used| now.since(used) < CONNECTION_IDLE)
        });
    }

    fn oldest(&self) -> Option<(usize, Timestamp)> {
        let used = self.directory.connections.iter().map(|entry| entry.used).enumerate();
        used.min_by_key(|(_, used)| *used)
    }

    /// Removes the connection that was not used for longest; returns the requests that wait on it.
    fn remove_oldest(&mut self, device: &DeviceId) -> Vec<Ticket> {
        let Some((oldest, _)) = self.oldest() else { return Vec::new() };
        let gone = self.directory.connections.swap_remove(oldest);
        self.remove(device, &gone)
    }

    /// Forgets a connection; returns the requests that wait on it.
    fn remove(&mut self, device: &DeviceId, gone: &DirectoryEntry) -> Vec<Ticket> {
        let Some(wire) = Wire::from_name(&gone.wire) else { return Vec::new() };
        let place = Place { device, wire, conn_id: &gone.conn_id };
        let removed = self.connections.remove(&place.name());
        place.keys().for_each(|key| self.write(key, None));
        let ticket = |serial| Ticket { device: device.to_owned(), wire, conn_id: gone.conn_id.clone(), serial };
        removed.iter().flat_map(Connection::active).map(ticket).collect()
    }

    /// Notes the use of a connection; that is written now and then only.
    fn touch(&mut self, place: Place<'_>, now: Timestamp) {
        let Some(entry) = self.directory.connections.iter_mut().find(|entry| entry.is_at(place)) else { return };
        entry.used = now;
        if now.since(self.written) >= CONNECTION_USE_GRAIN {
            self.write_directory(place.device, now);
        }
    }

    fn write_directory(&mut self, device: &DeviceId, now: Timestamp) {
        self.written = now;
        let record = stored::encode_directory(&self.directory);
        self.write(stored::directory_key(device), Some(record));
    }

    fn write(&mut self, key: RecordKey, record: Option<Record>) {
        self.writes.retain(|(_, other, _)| *other != key);
        self.last_write += 1;
        self.writes.push((self.last_write, key, record));
    }

    /// Returns the writes that go with an answer.
    fn carry(&mut self, serial: u64) -> Writes {
        if !self.writes.is_empty() {
            self.carried.push((serial, self.last_write));
        }
        self.writes.iter().map(|(_, key, record)| (key.clone(), record.clone())).collect()
    }

    /// Returns the last of the writes that an answer carries, which is written now or not.
    fn carried_by(&mut self, serial: u64) -> Option<u64> {
        let index = self.carried.iter().position(|(other, _)| *other == serial)?;
        Some(self.carried.swap_remove(index).1)
    }
}
