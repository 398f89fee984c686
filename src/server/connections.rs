//! The connections that clients open: how many there may be, how long each may take to say what it wants, and their end.
//!
//! Invariant: nobody who merely connects, or who speaks slowly, takes more than one place, and each place comes free again.

use std::{future::Future, pin::pin, time::Duration};

use axum::{Router, extract::ConnectInfo, serve::Listener};
use hyper::{Request, body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{sync::watch, task::JoinSet};

use super::listen::Peer;
use crate::limits::{HEAD_BYTES, HEAD_TIME, OPEN_CONNECTIONS};

/// What the connections of one listener may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many there may be; the next ones wait at the system's door.
    pub open: usize,
    /// How long each may take for the head of its next request.
    pub head_time: Duration,
    /// How long that head may be, in bytes.
    pub head_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { open: OPEN_CONNECTIONS, head_time: HEAD_TIME, head_bytes: HEAD_BYTES }
    }
}

/// Answers requests until `stop` comes, and then those that are under way.
pub async fn serve<L: Listener>(
    mut listener: L,
    peer: impl Fn(&L::Addr) -> Peer,
    router: Router,
    bounds: Bounds,
    stop: impl Future<Output = ()>,
) {
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    let mut is_full = false;
    loop {
        if (connections.len() >= bounds.open) != is_full {
            is_full = !is_full;
            if is_full {
                tracing::warn!(connections = bounds.open, "as many connections are open as may be: others wait");
            }
        }
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            (io, address) = listener.accept(), if !is_full => {
                let peer = peer(&address);
                connections.spawn(connection(TokioIo::new(io), peer, router.clone(), bounds, stopped.clone()));
            }
        }
    }
    drop(listener);
    stopping.send_replace(true);
    while connections.join_next().await.is_some() {}
}

/// Answers the requests of one connection.
async fn connection<I>(io: I, peer: Peer, router: Router, bounds: Bounds, mut stopped: watch::Receiver<bool>)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let router = TowerToHyperService::new(router);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.call(request)
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.head_time)
            .max_header_size(bounds.head_bytes)
            .serve_connection(io, service)
    );
    // An error means that nobody is left to tell us: the same.
    let stop = async { drop(stopped.wait_for(|stopped| *stopped).await) };
    let result = tokio::select! {
        biased;
        result = connection.as_mut() => result,
        () = stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended");
    }
}

#[cfg(test)]
mod tests {
    use std::{io, net::SocketAddr};

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        sync::oneshot,
        time::timeout,
    };

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    /// A server with these bounds: where it listens, and how to stop it.
    async fn server(bounds: Bounds) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let router = Router::new().route("/", get(async || "hello")).route(
            "/slow",
            get(async || {
                crate::platform::sleep(Duration::from_millis(200)).await;
                "late"
            }),
        );
        #[expect(clippy::disallowed_methods, reason = "a server beside the test")]
        let running = tokio::spawn(async move {
            let stop = async { drop(stopped.await) };
            serve(listener, |address| Peer::new(Some(address.ip())), router, bounds, stop).await;
        });
        (address, stop, running)
    }

    /// Sends bytes on a new connection, and returns all that comes until it is closed.
    async fn ask(address: SocketAddr, bytes: &[u8]) -> io::Result<String> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(bytes).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    #[expect(clippy::disallowed_methods, reason = "a test must end")]
    async fn soon<T>(future: impl Future<Output = T>) -> T {
        timeout(Duration::from_secs(10), future).await.expect("it ends soon")
    }

    #[tokio::test]
    async fn whoever_does_not_finish_a_head_is_cut_off() {
        let bounds = Bounds { head_time: Duration::from_millis(100), ..Bounds::default() };
        let (address, _stop, _) = server(bounds).await;
        for half in [&b""[..], b"GET / HTTP/1.1\r\nhost:"] {
            let answer = soon(ask(address, half)).await.unwrap();
            assert!(!answer.contains("200 OK"), "{answer}");
        }
        let answer = soon(ask(address, REQUEST)).await.unwrap();
        assert!(answer.ends_with("hello"), "one that waits for its next request is closed in the end: {answer}");
    }

    #[tokio::test]
    async fn a_head_may_be_only_so_long() {
        let bounds = Bounds { head_bytes: 16 * 1024, head_time: Duration::from_millis(200), ..Bounds::default() };
        let (address, _stop, _) = server(bounds).await;
        let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "x".repeat(17 * 1024));
        let answer = soon(ask(address, long.as_bytes())).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }

    #[tokio::test]
    async fn connections_beyond_the_bound_wait_until_one_ends() {
        let (address, _stop, _) = server(Bounds { open: 1, ..Bounds::default() }).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(REQUEST).await.unwrap();
        let mut some = [0; 16];
        soon(first.read_exact(&mut some)).await.unwrap();
        let close = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let mut second = pin!(ask(address, close));
        #[expect(clippy::disallowed_methods, reason = "nothing happens, for a while")]
        let early = timeout(Duration::from_millis(100), second.as_mut()).await;
        assert!(early.is_err(), "{early:?}");
        drop(first);
        assert!(soon(second).await.unwrap().ends_with("hello"));
    }

    #[tokio::test]
    async fn what_is_under_way_at_the_end_is_answered() {
        let (address, stop, running) = server(Bounds::default()).await;
        let mut asked = TcpStream::connect(address).await.unwrap();
        asked.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        crate::platform::sleep(Duration::from_millis(50)).await;
        stop.send(()).unwrap();
        let mut answer = String::new();
        soon(asked.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.ends_with("late"), "{answer}");
        soon(running).await.unwrap();
    }
}
