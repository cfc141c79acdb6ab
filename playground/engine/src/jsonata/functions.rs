//! The functions that Step Functions adds to JSONata, and those of JSONata that must know something of the engine.

use jiff::Timestamp;
use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError};
use jsonata_core::value::JValue;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::evaluate::MAX_ITEMS;
use super::{parse, values};
use crate::random;

type Answer = Result<JValue, EvaluatorError>;

/// The functions that Step Functions has and JSONata has not.
pub(super) const ADDED: [&str; 5] = ["hash", "parse", "partition", "range", "uuid"];

/// The longest text that AWS's limit of memory is known to leave.
const MAX_CHARACTERS: f64 = 4_194_304.0;

pub(super) fn register(evaluator: &mut Evaluator, now: Timestamp) -> Result<(), EvaluatorError> {
    evaluator.register_fn("hash", hash)?;
    evaluator.register_fn("parse", parse)?;
    evaluator.register_fn("partition", partition)?;
    evaluator.register_fn("range", range)?;
    evaluator.register_fn("uuid", |_: &[JValue]| -> Answer { Ok(JValue::from(random::uuid())) })?;
    evaluator.register_fn_override("random", random)?;
    evaluator.register_fn_override("pad", pad)?;
    evaluator.register_fn_override("formatInteger", format_integer)?;
    evaluator.register_fn_override("encodeUrl", encode_url)?;
    let millis = JValue::Number(now.as_millisecond() as f64);
    evaluator.register_fn_override("millis", {
        let millis = millis.clone();
        move |_: &[JValue]| -> Answer { Ok(millis.clone()) }
    })?;
    evaluator.register_fn_override("now", move |arguments: &[JValue]| -> Answer {
        builtin("fromMillis", &[std::slice::from_ref(&millis), arguments].concat())
    })
}

fn refused<T>(message: &str) -> Result<T, EvaluatorError> {
    Err(EvaluatorError::EvaluationError(message.to_owned()))
}

/// Calls a function of JSONata as it is without the engine.
fn builtin(name: &str, arguments: &[JValue]) -> Answer {
    let mut context = Context::new();
    let mut names = Vec::new();
    for (place, argument) in arguments.iter().enumerate() {
        let name = format!("argument{place}");
        context.bind(name.clone(), argument.clone());
        names.push(AstNode::Variable(name));
    }
    let call = AstNode::Function { name: name.to_owned(), args: names, is_builtin: true };
    Evaluator::with_context(context).evaluate(&call, &JValue::Undefined)
}

/// One padding could take all memory before anybody can stop it.
fn pad(arguments: &[JValue]) -> Answer {
    match arguments.get(1).and_then(JValue::as_f64) {
        Some(width) if width.abs() > MAX_CHARACTERS => refused("$pad: the text would take too much memory"),
        _ => builtin("pad", arguments),
    }
}

/// A Roman number has a letter for each thousand.
fn format_integer(arguments: &[JValue]) -> Answer {
    let is_roman = arguments.get(1).and_then(JValue::as_str).is_some_and(|picture| picture.contains(['I', 'i']));
    match arguments.first().and_then(JValue::as_f64) {
        Some(number) if is_roman && number.abs() > MAX_CHARACTERS * 1_000.0 => {
            refused("$formatInteger: the text would take too much memory")
        }
        _ => builtin("formatInteger", arguments),
    }
}

/// The library leaves blanks as they are.
fn encode_url(arguments: &[JValue]) -> Answer {
    /// What `encodeURI` of JavaScript leaves as it is, beside letters and digits.
    const KEPT: &[u8] = b";,/?:@&=+$-_.!~*'()#";
    let [JValue::String(text)] = arguments else {
        return builtin("encodeUrl", arguments);
    };
    let keeps = |byte: u8| byte.is_ascii_alphanumeric() || KEPT.contains(&byte);
    let encode = |byte: u8| if keeps(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    Ok(JValue::from(text.bytes().map(encode).collect::<String>()))
}

/// A whole number; AWS cuts off what is behind the point.
fn whole(value: Option<&JValue>) -> Option<i64> {
    value?.as_f64().map(f64::trunc).filter(|number| number.abs() < 9e15).map(|number| number as i64)
}

fn partition(arguments: &[JValue]) -> Answer {
    let (items, size) = match arguments {
        [JValue::Undefined, ..] => return Ok(JValue::Undefined),
        [JValue::Array(items), size] => (items, whole(Some(size)).and_then(|size| usize::try_from(size).ok())),
        _ => return refused("$partition takes an array and the size of its parts"),
    };
    match size {
        Some(size) if size > 0 => {
            Ok(JValue::array(items.chunks(size).map(|part| JValue::array(part.to_vec())).collect()))
        }
        _ => refused("$partition: the size of the parts must be a number of at least 1"),
    }
}

/// Both ends are in the range, if the steps meet the last one.
fn range(arguments: &[JValue]) -> Answer {
    if arguments.iter().any(JValue::is_undefined) {
        return Ok(JValue::Undefined);
    }
    let [Some(first), Some(last), Some(step)] = [0, 1, 2].map(|place| whole(arguments.get(place))) else {
        return refused("$range takes three numbers: the first, the last and the step");
    };
    if step == 0 {
        return refused("$range: the step must not be 0");
    }
    let distance = (last - first) * step.signum();
    let count = if distance < 0 { 0 } else { distance / step.abs() + 1 };
    match usize::try_from(count) {
        Ok(count) if count <= MAX_ITEMS => {
            let numbers = std::iter::successors(Some(first), |number| Some(number + step)).take(count);
            Ok(JValue::array(numbers.map(JValue::from).collect()))
        }
        _ => refused("$range: the range would take too much memory"),
    }
}

fn hash(arguments: &[JValue]) -> Answer {
    let (text, algorithm) = match arguments {
        [JValue::Undefined, ..] => return Ok(JValue::Undefined),
        [JValue::String(text), JValue::String(algorithm)] => (values::plain(text), &**algorithm),
        _ => return refused("$hash takes a text and the name of an algorithm"),
    };
    let hex = match algorithm {
        "MD5" => hex(&Md5::digest(&text)),
        "SHA-1" => hex(&Sha1::digest(&text)),
        "SHA-256" => hex(&Sha256::digest(&text)),
        "SHA-384" => hex(&Sha384::digest(&text)),
        "SHA-512" => hex(&Sha512::digest(&text)),
        _ => return refused("$hash: the algorithm must be MD5, SHA-1, SHA-256, SHA-384 or SHA-512"),
    };
    Ok(JValue::from(hex))
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// With a seed it is the number that Java draws, as on AWS.
/// <https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/Random.html>
fn random(arguments: &[JValue]) -> Answer {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let Some(seed) = arguments.first() else {
        return Ok(JValue::Number(random::fraction()));
    };
    let Some(seed) = whole(Some(seed)) else {
        return refused("$random takes no argument, or a number");
    };
    let mut state = (seed.cast_unsigned() ^ MULTIPLIER) & MASK;
    let mut bits = |count: u32| {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        state >> (48 - count)
    };
    let drawn = (bits(26) << 27) + bits(27);
    Ok(JValue::Number(drawn as f64 / (1_u64 << 53) as f64))
}

fn parse(arguments: &[JValue]) -> Answer {
    match arguments {
        [JValue::Undefined] => Ok(JValue::Undefined),
        [JValue::String(text)] => match parse::json(&values::plain(text)) {
            Ok(value) => Ok(values::to_jsonata(&value)),
            Err(error) => refused(&format!("$parse: the text is not JSON: {error}")),
        },
        _ => refused("$parse takes a text"),
    }
}
