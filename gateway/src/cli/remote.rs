//! A request to a running gateway.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use latchkey_storage::id::TenantId;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::failure::Failure;

/// A backup of a large store takes a while.
const PATIENCE: Duration = Duration::from_mins(10);
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Where systems keep the certificates that they trust; `SSL_CERT_FILE` names another file.
const TRUSTED: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Asks for a backup of this name and answers with the path that the gateway wrote it to.
pub(super) async fn back_up(url: &str, key: &str, name: &str) -> Result<String, Failure> {
    let base: Uri = url.parse().map_err(|_| wrong_url(url))?;
    let host = base.host().ok_or_else(|| wrong_url(url))?.to_owned();
    let request = request(&base, key, name).map_err(|_| {
        Failure::unusable("the URL or the key has characters that no header may have")
    })?;
    let asked = async {
        match base.scheme_str() {
            Some("http") => {
                ask(connect(&host, base.port_u16().unwrap_or(80)).await?, request).await
            }
            Some("https") => {
                let stream = connect(&host, base.port_u16().unwrap_or(443)).await?;
                ask(secure(&host, stream).await?, request).await
            }
            _ => Err(wrong_url(url)),
        }
    };
    let answer = timeout(PATIENCE, asked).await;
    let (status, body) =
        answer.unwrap_or_else(|_| Err(failed(url, "it did not answer in time")))?;
    path_of(status, &body).ok_or_else(|| failed(url, &refusal(status, &body)))
}

fn request(base: &Uri, key: &str, name: &str) -> Result<Request<Full<Bytes>>, http::Error> {
    let host = base.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    Request::post(format!("{}/api/v1/admin/backups", base.path().trim_end_matches('/')))
        .header(header::HOST, host)
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-api-key", key)
        .header("x-tenantid", TenantId::MASTER.to_string())
        .body(Full::from(json!({ "name": name }).to_string()))
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, Failure> {
    // An IPv6 address stands in brackets in a URL alone.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    TcpStream::connect((host, port)).await.map_err(|error| failed(host, &error.to_string()))
}

async fn secure(host: &str, stream: TcpStream) -> Result<TlsStream<TcpStream>, Failure> {
    let refused = |error: &dyn std::fmt::Display| failed(host, &error.to_string());
    let provider = rustls::crypto::aws_lc_rs::default_provider().into();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(&error))?
        .with_root_certificates(roots()?)
        .with_no_client_auth();
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(bare).map_err(|error| refused(&error))?;
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    connected.map_err(|error| refused(&error))
}

/// The certificates that this system trusts.
fn roots() -> Result<RootCertStore, Failure> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let mut files = named.into_iter().chain(TRUSTED.map(PathBuf::from));
    let missing = "no trusted certificates were found: name a file of them by `SSL_CERT_FILE`";
    let file = files.find(|file| file.exists()).ok_or_else(|| Failure::failed(missing))?;
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::failed(format_args!("cannot read certificates from `{}`: {error}", file.display()))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(&file).map_err(|error| unreadable(&error))? {
        roots.add_parsable_certificates([certificate.map_err(|error| unreadable(&error))?]);
    }
    Ok(roots)
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), Failure> {
    let broken = |error: &dyn std::fmt::Display| {
        Failure::failed(format_args!("the gateway's answer did not come whole: {error}"))
    };
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|error| broken(&error))?;
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
    Ok((status, body.map_err(|error| broken(&error))?.to_bytes()))
}

fn path_of(status: StatusCode, body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let path = body.get("data")?.get("path")?.as_str()?.to_owned();
    (status == StatusCode::CREATED).then_some(path)
}

/// The gateway's own sentence, where it has one.
fn refusal(status: StatusCode, body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match body.pointer("/error/message").and_then(Value::as_str) {
        Some(message) => format!("it answered {status}: {message}"),
        None => format!("it answered {status}"),
    }
}

fn failed(gateway: &str, reason: &str) -> Failure {
    Failure::failed(format_args!("cannot back up the gateway at `{gateway}`: {reason}"))
}

fn wrong_url(url: &str) -> Failure {
    Failure::unusable(format_args!("`{url}` is not an http or https URL"))
}
