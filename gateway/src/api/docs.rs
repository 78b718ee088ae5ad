//! The documentation: the OpenAPI documents, and the two pages that show them.

use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderName, HeaderValue};
use latchkey_actors::error::{Error, Result};

use crate::answer::{Answer, Answers};
use crate::context::{Ctx, Face};
use crate::endpoints;
use crate::extract::Operation;
use crate::openapi::{Document, Documents, Settings};
use crate::pages::{self, Asset};

endpoints! { TABLE, "docs", Raw;
    /// The API reference.
    ///
    /// A page for people, over the document of everything.
    GET "/api/v1/docs" => reference, Public, Unaudited;
    /// A file of the API reference.
    GET "/api/v1/docs/assets/{*path}" => reference_file, Public, Unaudited;
    /// The OpenAPI document of everything.
    GET "/api/v1/docs/openapi.json" => merged, Public, Unaudited;
    /// The OpenAPI document of the platform surface.
    GET "/api/v1/docs/openapi.platform.json" => platform, Public, Unaudited;
    /// The OpenAPI document of the identity and access surface.
    GET "/api/v1/docs/openapi.iam.json" => iam, Public, Unaudited;
    /// The API explorer.
    ///
    /// A page for people, over the document of the workspace surface: tries calls and shows them
    /// as code.
    GET "/api-docs" => explorer, Public, Unaudited;
    /// A file of the API explorer.
    GET "/api-docs/assets/{*path}" => explorer_file, Public, Unaudited;
    /// The OpenAPI document of the workspace surface.
    GET "/api-docs/openapi.json" => workspace, Public, Unaudited;
}

async fn reference(ctx: Ctx) -> Result<Page> {
    page(&ctx).map(Page)
}

async fn reference_file(ctx: Ctx) -> Result<File> {
    page(&ctx).map(File)
}

async fn explorer(ctx: Ctx) -> Result<Page> {
    page(&ctx).map(Page)
}

async fn explorer_file(ctx: Ctx) -> Result<File> {
    page(&ctx).map(File)
}

async fn merged(ctx: Ctx) -> Result<Json> {
    Ok(document(&ctx, &documents(&ctx).merged))
}

async fn platform(ctx: Ctx) -> Result<Json> {
    Ok(document(&ctx, &documents(&ctx).platform))
}

async fn iam(ctx: Ctx) -> Result<Json> {
    Ok(document(&ctx, &documents(&ctx).iam))
}

async fn workspace(ctx: Ctx) -> Result<Json> {
    Ok(document(&ctx, &documents(&ctx).workspace))
}

fn documents(ctx: &Ctx) -> &Documents {
    let shared = &ctx.shared;
    shared.documents.get_or_init(|| Documents::new(Settings::from(&*shared.config)))
}

/// A document, or word that the client has it. It changes with the gateway's version and
/// configuration, so that clients ask each time.
fn document(ctx: &Ctx, document: &Document) -> Json {
    let fresh = pages::names(if_none_match(ctx), &document.etag);
    let answer = match fresh {
        true => Answer::json(304, bytes::Bytes::new()),
        false => Answer::json(200, document.body.clone()),
    };
    let answer = answer.with(ETAG, &document.etag);
    Json(answer.with(http::header::CACHE_CONTROL, "no-cache"))
}

/// The embedded file at the path of the request.
fn page(ctx: &Ctx) -> Result<Answer> {
    let accept_encoding = ctx.header("accept-encoding").unwrap_or_default();
    let asset = pages::page(ctx.parts.uri.path(), accept_encoding);
    let asset = asset.ok_or_else(|| Error::not_found("Page"))?;
    Ok(file(asset, if_none_match(ctx)))
}

fn if_none_match(ctx: &Ctx) -> &str {
    ctx.header(IF_NONE_MATCH.as_str()).unwrap_or_default()
}

fn file(asset: Asset, if_none_match: &str) -> Answer {
    let fresh = asset.is_fresh(if_none_match);
    let describes_content = |name: &str| matches!(name, "content-type" | "content-encoding");
    let headers = asset
        .headers()
        .filter(|(name, _)| !(fresh && describes_content(name)))
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect();
    let (status, body) = if fresh { (304, bytes::Bytes::new()) } else { (200, asset.body) };
    Answer { status, body, content_type: asset.content_type, headers }
}

/// What the handlers answer, by the media type that describes it.
macro_rules! served {
    ($($(#[$doc:meta])* $name:ident = $media:literal;)*) => {
        $($(#[$doc])*
        struct $name(Answer);

        impl Answers for $name {
            fn answer(self, _: &Face) -> Result<Answer> {
                Ok(self.0)
            }

            fn describe(operation: &mut Operation) {
                operation.answers_raw($media);
                operation.header("If-None-Match", "Answers 304 when it names the current version.");
            }
        })*
    };
}

served! {
    /// A page for people.
    Page = "text/html";
    /// A script or a style sheet.
    File = "*/*";
    /// A document.
    Json = "application/json";
}
