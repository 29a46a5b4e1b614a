//! What was found inside a network, as JavaScript objects: an `Inspection` and a `Review` of `www/js/protocol.js`. Numbers
//! that come by the thousand go over as typed arrays.

use js_sys::{Array, Float32Array, JSON, Object, Reflect, Uint8Array, Uint32Array};
use wasm_bindgen::{JsCast, JsValue};

use super::{object, plain, thrown};
use crate::{
    error::Error,
    inspect::{
        Explanation, Histogram, Inspection, Kernels, Maps, Projection, Request, Saliency, Stages, Subject,
        Units,
    },
    metrics::ClassScore,
    net::{Activation, Pool},
    session::{Inspected, Review},
};

/// From an `InspectRequest`.
pub(super) fn request(request: &JsValue) -> Result<(Subject, Request), JsValue> {
    let wrong = |problem: String| thrown(Error::option("request", problem));
    let given = request
        .dyn_ref::<Object>()
        .ok_or_else(|| wrong("it is no object".into()))?;
    let subject = Reflect::get(given, &"subject".into())?;
    let subject = match (subject.as_f64(), subject.dyn_ref::<Float32Array>()) {
        (Some(number), _) => Subject::TestImage(number as usize),
        (None, Some(pixels)) => Subject::Pixels(pixels.to_vec()),
        (None, None) => {
            return Err(thrown(Error::option(
                "subject",
                "the number of a test image, or a Float32Array of 784 pixels is accepted",
            )));
        }
    };
    let rest = Object::assign(&Object::new(), given);
    Reflect::delete_property(&rest, &"subject".into())?;
    let text = JSON::stringify(&rest)?.as_string();
    let text = text.ok_or_else(|| wrong("it is no object".into()))?;
    let request = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    Ok((subject, request))
}

pub(super) fn inspection(inspected: Inspected) -> Result<JsValue, JsValue> {
    let Inspected { step, label, found } = inspected;
    let Inspection {
        pixels,
        probabilities,
        stages,
        kernels,
        saliency,
        histograms,
        explanation,
    } = found;
    object([
        ("step", (step as f64).into()),
        ("label", label.map_or(JsValue::NULL, JsValue::from)),
        ("pixels", floats(&pixels)),
        ("probabilities", floats(&probabilities)),
        ("stages", or_null(stages, stages_of)?),
        ("kernels", or_null(kernels, kernels_of)?),
        ("saliency", or_null(saliency, saliency_of)?),
        ("histograms", or_null(histograms, |all| list(all, histogram_of))?),
        ("explanation", or_null(explanation, explanation_of)?),
    ])
}

fn stages_of(stages: Stages) -> Result<JsValue, JsValue> {
    object([
        ("maps", list(stages.maps, maps_of)?),
        ("dense", list(stages.dense.into_iter().enumerate(), units_of)?),
    ])
}

fn maps_of(maps: Maps) -> Result<JsValue, JsValue> {
    let [_, height, width] = maps.shape;
    object([
        ("stage", plain(&maps.stage)?),
        ("block", maps.block.map_or(JsValue::from(-1), number)),
        ("shape", plain(&maps.shape)?),
        ("first", number(maps.first)),
        ("count", number(maps.values.len() / (height * width))),
        ("values", floats(&maps.values)),
        ("field", plain(&maps.field)?),
    ])
}

fn units_of((layer, units): (usize, Units)) -> Result<JsValue, JsValue> {
    object([
        ("layer", number(layer)),
        ("linear", floats(&units.linear)),
        (
            "activation",
            units.activation.as_deref().map_or(JsValue::NULL, floats),
        ),
    ])
}

fn kernels_of(kernels: Kernels) -> Result<JsValue, JsValue> {
    object([
        ("layer", number(kernels.layer)),
        ("shape", plain(&kernels.shape)?),
        ("firstFilter", number(kernels.first_filter)),
        ("filters", number(kernels.filters)),
        ("firstChannel", number(kernels.first_channel)),
        ("channels", number(kernels.channels)),
        ("weights", floats(&kernels.weights)),
        (
            "gradients",
            kernels.gradients.as_deref().map_or(JsValue::NULL, floats),
        ),
    ])
}

fn saliency_of(saliency: Saliency) -> Result<JsValue, JsValue> {
    object([
        ("class", number(saliency.class)),
        ("gradient", floats(&saliency.gradient)),
    ])
}

fn histogram_of(histogram: Histogram) -> Result<JsValue, JsValue> {
    object([
        ("layer", number(histogram.layer)),
        ("of", plain(&histogram.of)?),
        ("limit", histogram.limit.into()),
        ("counts", Uint32Array::from(histogram.counts.as_slice()).into()),
        ("total", histogram.total.into()),
        ("mean", histogram.mean.into()),
        ("deviation", histogram.deviation.into()),
    ])
}

fn explanation_of(found: Explanation) -> Result<JsValue, JsValue> {
    let [y, x] = found.at;
    let ([top, left], size) = found.pixels;
    let activation = match found.activation {
        Some((Activation::Relu, value)) => named_value("relu", value)?,
        Some((Activation::Tanh, value)) => named_value("tanh", value)?,
        Some((Activation::None, _)) | None => JsValue::NULL,
    };
    let pool = or_null(found.pool, |pooled| {
        let (kind, size) = match pooled.pool {
            Pool::Mean { size, .. } => ("mean", size),
            Pool::Max { size, .. } => ("max", size),
            Pool::None => ("max", 1),
        };
        object([
            ("kind", kind.into()),
            ("size", number(size)),
            ("window", floats(&pooled.window)),
            ("value", pooled.value.into()),
        ])
    })?;
    object([
        ("place", plain(&found.place)?),
        ("at", object([("y", number(y)), ("x", number(x))])?),
        ("shape", plain(&found.shape)?),
        ("patch", floats(&found.patch)),
        ("weights", floats(&found.weights)),
        ("sum", found.sum.into()),
        ("bias", found.bias.into()),
        ("conv", found.conv.into()),
        ("norm", or_null(found.norm, |norm| plain(&norm))?),
        ("activation", activation),
        ("pool", pool),
        ("value", found.value.into()),
        ("pixels", plain(&(top, left, size))?),
    ])
}

fn named_value(kind: &str, value: f32) -> Result<JsValue, JsValue> {
    object([("kind", kind.into()), ("value", value.into())])
}

pub(super) fn review(review: &Review, projection: bool) -> Result<JsValue, JsValue> {
    let confusion = review.confusion();
    let projection = projection.then(|| review.projection());
    object([
        ("step", (review.step() as f64).into()),
        ("labels", Uint8Array::from(review.labels()).into()),
        ("probabilities", floats(&review.probabilities())),
        ("confusion", plain(confusion)?),
        ("classes", list(confusion.scores(), score_of)?),
        ("macro", score_of(confusion.macro_score())?),
        (
            "projection",
            or_null(projection, |found| projection_of(&found, review.features()))?,
        ),
    ])
}

fn score_of(score: ClassScore) -> Result<JsValue, JsValue> {
    let share = |share: Option<f64>| share.map_or(JsValue::NULL, JsValue::from);
    object([
        ("precision", share(score.precision)),
        ("recall", share(score.recall)),
        ("f1", share(score.f1)),
        ("support", score.support.into()),
    ])
}

fn projection_of(projection: &Projection, features: usize) -> Result<JsValue, JsValue> {
    let images = (0..projection.points.len() as u32 / 2).collect::<Vec<_>>();
    object([
        ("images", Uint32Array::from(images.as_slice()).into()),
        ("points", floats(&projection.points)),
        ("explained", plain(&projection.explained)?),
        ("features", number(features)),
    ])
}

fn floats(values: &[f32]) -> JsValue {
    Float32Array::from(values).into()
}

/// Sizes and places are small enough to be exact.
fn number(value: usize) -> JsValue {
    JsValue::from(value as f64)
}

fn or_null<T>(
    found: Option<T>,
    turn: impl FnOnce(T) -> Result<JsValue, JsValue>,
) -> Result<JsValue, JsValue> {
    found.map_or(Ok(JsValue::NULL), turn)
}

fn list<T>(
    items: impl IntoIterator<Item = T>,
    turn: impl Fn(T) -> Result<JsValue, JsValue>,
) -> Result<JsValue, JsValue> {
    let array = Array::new();
    for item in items {
        array.push(&turn(item)?);
    }
    Ok(array.into())
}
