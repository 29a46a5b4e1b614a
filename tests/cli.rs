//! The native program, as a person in a terminal meets it.
#![cfg(not(target_family = "wasm"))]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A folder of this test's own with a small set of IDX files in it.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (prefix, count) in [("train", 100u32), ("t10k", 30)] {
        let header = |words: &[u32]| {
            words
                .iter()
                .flat_map(|word| word.to_be_bytes())
                .collect::<Vec<u8>>()
        };
        let labels = (0..count).map(|image| (image % 10) as u8).collect::<Vec<_>>();
        let pixels = labels
            .iter()
            .flat_map(|label| [label * 25; 784])
            .collect::<Vec<_>>();
        let images = [header(&[0x803, count, 28, 28]), pixels].concat();
        fs::write(folder.join(format!("{prefix}-images-idx3-ubyte")), images).unwrap();
        let labels = [header(&[0x801, count]), labels].concat();
        fs::write(folder.join(format!("{prefix}-labels-idx1-ubyte")), labels).unwrap();
    }
    folder
}

fn digit_lab(folder: &Path, arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_digit-lab"))
        .current_dir(folder)
        .args(arguments.split_whitespace())
        .output()
        .unwrap()
}

fn succeeds(folder: &Path, arguments: &str) -> String {
    let output = digit_lab(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(folder: &Path, arguments: &str) -> String {
    let output = digit_lab(folder, arguments);
    assert!(!output.status.success(), "{arguments} was accepted");
    String::from_utf8(output.stderr).unwrap().trim().into()
}

#[test]
fn a_run_logs_every_step_and_saves_weights_that_evaluate_to_its_last_accuracy() {
    let folder = folder("run");
    let printed = succeeds(
        &folder,
        "train --data . --epochs 2 --batch 30 --seed 3 --save w.st --log log.csv",
    );
    assert!(printed.contains("442446 parameters"), "{printed}");

    let log = fs::read_to_string(folder.join("log.csv")).unwrap();
    let rows = log
        .lines()
        .map(|row| row.split(',').collect::<Vec<_>>())
        .collect::<Vec<_>>();
    assert_eq!(
        rows[0],
        [
            "step",
            "epoch",
            "loss",
            "train_loss",
            "test_loss",
            "test_accuracy"
        ]
    );
    let steps = rows[1..]
        .iter()
        .filter(|row| !row[2].is_empty())
        .map(|row| row[0])
        .collect::<Vec<_>>();
    assert_eq!(steps, ["1", "2", "3", "4", "5", "6", "7", "8"]);
    let epochs = rows[1..]
        .iter()
        .filter(|row| row[2].is_empty())
        .collect::<Vec<_>>();
    assert_eq!(epochs.iter().map(|row| row[0]).collect::<Vec<_>>(), ["4", "8"]);

    let accuracy = 100.0 * epochs[1][5].parse::<f64>().unwrap();
    let evaluated = succeeds(&folder, "eval --data . --weights w.st");
    assert!(
        evaluated.contains(&format!("test accuracy {accuracy:.2} %")),
        "{accuracy} {evaluated}"
    );
    assert!(succeeds(&folder, "info --weights w.st").contains("w.st fits; trained for 8 steps"));
}

#[test]
fn weights_are_exported_for_other_programs() {
    let folder = folder("export");
    succeeds(&folder, "info --preset fast --seed 5 --save init.st");
    succeeds(&folder, "export --weights init.st --onnx net.onnx");
    let file = fs::read(folder.join("net.onnx")).unwrap();
    let says = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    // What ONNX Runtime makes of such a file, tests/page/onnx.test.mjs asks.
    for text in [
        "digit-lab",
        "BatchNormalization",
        "conv1.weight",
        "probabilities",
        r#"{"conv":[{"filters":24,"#,
    ] {
        assert!(says(text), "{text}");
    }
    let unreadable = refused(&folder, "export --weights net.onnx --onnx again.onnx");
    assert!(
        unreadable.contains("net.onnx: the weights do not fit: this is not a safetensors file"),
        "{unreadable}"
    );
    assert!(!folder.join("again.onnx").exists());
}

#[test]
fn weights_and_file_order_determine_a_run() {
    let folder = folder("determined");
    succeeds(&folder, "info --seed 5 --save init.st");
    let losses = |arguments: &str| {
        succeeds(
            &folder,
            &format!("train --data . --steps 3 --batch 20 --log log.csv {arguments}"),
        );
        fs::read_to_string(folder.join("log.csv")).unwrap()
    };
    let from_file = losses("--weights init.st --no-shuffle --seed 1");
    assert_eq!(from_file, losses("--weights init.st --no-shuffle --seed 2"));
    assert_eq!(from_file, losses("--no-shuffle --seed 5"));
    assert_ne!(from_file, losses("--weights init.st --seed 1"));
}

#[test]
fn what_cannot_be_done_is_said_before_anything_is_trained() {
    let folder = folder("refused");
    assert_eq!(
        refused(&folder, "train --data . --batch 0"),
        "digit-lab: batchSize: 0; a whole number from 1 to 4096 is accepted"
    );
    let missing = refused(&folder, "train --data nowhere");
    assert!(
        missing.contains("nowhere has neither train-images-idx3-ubyte nor"),
        "{missing}"
    );
    let unwritable = refused(&folder, "train --data . --save nowhere/w.st");
    assert!(
        unwritable.contains("nowhere/w.st cannot be written"),
        "{unwritable}"
    );
    fs::write(folder.join("bad.st"), "not weights").unwrap();
    let bad = refused(&folder, "eval --data . --weights bad.st");
    assert!(
        bad.contains("bad.st: the weights do not fit: this is not a safetensors file"),
        "{bad}"
    );
    fs::write(folder.join("t10k-labels-idx1-ubyte"), [0; 8]).unwrap();
    let labels = refused(&folder, "train --data .");
    assert!(
        labels.contains("t10k-labels-idx1-ubyte: it begins with 0x00000000"),
        "{labels}"
    );
}

/// Ctrl-C ends the run after its present step; what was trained is kept, `--save` or not.
#[test]
#[cfg(unix)]
fn an_interrupted_run_keeps_its_weights() {
    let folder = folder("interrupted");
    let program = Command::new(env!("CARGO_BIN_EXE_digit-lab"))
        .current_dir(&folder)
        .args("train --data . --epochs 1000 --batch 10 --log log.csv --save w.st".split(' '))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The weights are written after the first epoch: then it is training for sure.
    while !folder.join("w.st").exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    fs::remove_file(folder.join("w.st")).unwrap();
    let pid = program.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let output = program.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stdout).contains("weights saved to w.st"));
    assert!(succeeds(&folder, "info --weights w.st").contains("w.st fits; trained for"));
}
