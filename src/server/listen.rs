//! Where requests come in.

use std::{
    fs,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use axum::Router;
use tokio::net::{TcpListener, TcpStream, UnixListener};

use super::{
    config::Bind,
    connections::{self, Bounds},
};

/// Whoever is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(Option<IpAddr>);

/// An open socket.
#[derive(Debug)]
pub enum Listener {
    /// A port.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

impl Peer {
    /// At this address; `None` at the other end of a Unix socket.
    pub fn new(address: Option<IpAddr>) -> Peer {
        Peer(address)
    }

    /// Returns its address.
    pub fn address(self) -> Option<IpAddr> {
        self.0
    }
}

impl Listener {
    /// Opens a socket. A Unix socket takes the place of one that is there.
    pub async fn open(bind: &Bind) -> io::Result<Listener> {
        match bind {
            Bind::Tcp(address) => TcpListener::bind(address).await.map(Listener::Tcp),
            Bind::Unix(path) => open_unix(path).map(Listener::Unix),
        }
    }

    /// Says in words where it listens.
    pub fn describe(&self) -> String {
        match self {
            Listener::Tcp(listener) => {
                listener.local_addr().map_or_else(|_| "a port".to_owned(), |address| format!("http://{address}"))
            }
            Listener::Unix(listener) => {
                let address = listener.local_addr().ok();
                let path = address.as_ref().and_then(|address| address.as_pathname());
                path.map_or_else(|| "a Unix socket".to_owned(), |path| path.display().to_string())
            }
        }
    }

    /// Answers requests until `stop` comes, and then those that are under way.
    pub async fn serve(self, router: Router, stop: impl Future<Output = ()>) {
        let bounds = Bounds::default();
        match self {
            Listener::Tcp(listener) => {
                let peer = |address: &SocketAddr| Peer::new(Some(address.ip().to_canonical()));
                connections::serve(Prompt(listener), peer, router, bounds, stop).await;
            }
            Listener::Unix(listener) => connections::serve(listener, |_| Peer::new(None), router, bounds, stop).await,
        }
    }
}

/// A port whose connections send at once: answers are written whole, so nothing is gained by waiting for more.
struct Prompt(TcpListener);

impl axum::serve::Listener for Prompt {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.0).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection stays with delays");
        }
        (stream, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

fn open_unix(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    // Everybody on the machine may connect, as with a port.
    fs::set_permissions(path, fs::Permissions::from_mode(0o222))?;
    Ok(listener)
}
