/**
 * Recipes as data: what sizes a network has and when it cannot be, what is accepted in a recipe, its JSON and its
 * address; and that the page and the wasm agree on all of it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { english } from '../../www/js/i18n.js';
import { matchingPreset, PRESET_RECIPES, PRESETS } from '../../www/js/presets.js';
import { canonical, sameRecipe } from '../../www/js/recipe/canonical.js';
import { networkShape } from '../../www/js/recipe/network-shape.js';
import { checkRecipe } from '../../www/js/recipe/recipe-check.js';
import { parseJson, recipeText } from '../../www/js/recipe/recipe-text.js';
import { readAddress, writeHash } from '../../www/js/recipe/recipe-url.js';
import { scheduleFactor, schedulePoints } from '../../www/js/recipe/schedule.js';
import { openLab, presetsOf, shortData } from './lab.mjs';
import { mountedPanel } from './recipe-panel.mjs';
import { impossibleNets, randomRecipe, randomSource } from './recipes.mjs';

/** @typedef {import('../../www/js/protocol.js').Recipe} Recipe */
/** @typedef {import('../../www/js/protocol.js').ConvConfig} ConvConfig */

const lab = openLab({ webgpu: false });
const { course, fast, best } = PRESET_RECIPES;

/** @param {{ path: string, said: import('../../www/js/i18n.js').Said }[]} problems */
const told = (problems) => problems.map(({ path, said }) => `${path}: ${english(said)}`);

test('a network has the shapes, receptive fields, parameters and multiply-adds that its layers give', () => {
  const { conv, dense, last, totals, problems } = networkShape(best.net);
  assert.deepEqual(problems, []);
  // 28 → conv 5 → 24 → pool → 12 → conv 3, padding 1 → 12 → pool → 6 → 6 → 3; fields 6, then 6+2·2+2 = 12, then 12+2·4+4 = 24.
  assert.deepEqual(
    conv.map((stage) => stage && [stage.shape, stage.field, stage.jump, stage.parameters]),
    [
      [[24, 12, 12], 6, 2, 24 * 25 + 3 * 24],
      [[48, 6, 6], 12, 4, 48 * 24 * 9 + 3 * 48],
      [[64, 3, 3], 24, 8, 64 * 48 * 9 + 3 * 64],
    ],
  );
  assert.deepEqual(dense[0]?.shape, [128, 1, 1]);
  assert.equal(dense[0]?.parameters, 576 * 128 + 128);
  assert.equal(last?.parameters, 1290);
  const first = 24 * 25 * 24 * 24;
  const forward = first + 48 * 24 * 9 * 144 + 64 * 48 * 9 * 36 + 576 * 128 + 1280;
  assert.deepEqual(totals, { parameters: 114_170, forward, training: 3 * forward - first });
  assert.equal(networkShape(course.net).totals?.parameters, 442_446);
});

test('each thing that a network cannot be is told at its control, and nothing is known of what follows', () => {
  for (const { net, path, why } of impossibleNets()) {
    const shape = networkShape(net);
    assert.equal(shape.problems.length, 1, told(shape.problems).join(' | '));
    assert.equal(shape.problems[0]?.path, path);
    assert.match(told(shape.problems)[0] ?? '', why);
    assert.equal(shape.totals === null, !path.match(/^net\.(conv|dense)$/), path);
  }
  const [first, second] = /** @type {[ConvConfig, ConvConfig]} */ (fast.net.conv);
  const net = { conv: [first, { ...second, kernel: 13 }, second], dense: fast.net.dense };
  const { conv, dense, last } = networkShape(net);
  assert.deepEqual([conv.map((stage) => stage !== null), dense, last], [[true, false, false], [null], null]);
});

test('several faults are all told', () => {
  const [block] = /** @type {[ConvConfig]} */ (course.net.conv);
  const activation = /** @type {const} */ ('tanh');
  const net = { conv: [{ ...block, filters: 0, padding: 5 }], dense: [{ units: Number.NaN, activation }] };
  assert.deepEqual(told(networkShape(net).problems), [
    'net.conv[0].filters: Enter a whole number from 1 to 512.',
    'net.conv[0].padding: Enter a whole number from 0 to 4.',
    'net.dense[0].units: Enter a whole number from 1 to 4096.',
  ]);
});

test('a recipe that is right comes through its check, its JSON and its address unchanged', () => {
  const random = randomSource(1);
  for (let i = 0; i < 2000; i += 1) {
    const recipe = randomRecipe(random);
    assert.deepEqual(checkRecipe(recipe, course), { recipe, problems: [] });
    const parsed = parseJson(recipeText(recipe));
    assert.deepEqual(parsed, { value: recipe, problem: null });
    for (const preset of [null, PRESETS[i % 3] ?? null]) {
      const hash = writeHash({ recipe, preset });
      assert.match(hash, /^#[a-z0-9=&.,-]+$/);
      const { problems, recipe: read } = readAddress({ search: '?epochs=999&device=cpu', hash });
      assert.deepEqual([read, problems], [recipe, []], hash);
    }
  }
});

test('each wrong, missing and unknown member is told, and the preset has the last word there alone', () => {
  const { recipe, problems } = checkRecipe(
    {
      ...best,
      epochs: 0,
      batchSize: '64',
      colour: 'red',
      learningRate: undefined,
      optimizer: { kind: 'adamw', beta1: 1, beta2: 0.99, epsilon: 1e-50, weightDecay: 0.01, nesterov: true },
      schedule: { kind: 'cosine', end: 2 },
      warp: { shift: 28, degrees: 45, scale: 0.2 },
      average: 1,
      shuffle: 'yes',
      steps: 1.5,
      net: { conv: [], dense: [{ units: 9, activation: 'sigmoid' }, 'dense'] },
    },
    fast,
  );
  assert.deepEqual(told(problems), [
    'colour: Not known here; known are net, optimizer, learningRate, schedule, warp, labelSmoothing, average, batchSize, epochs, seed, shuffle, trainCount, steps.',
    'net.dense[0].activation: Enter one of none, relu, tanh.',
    'net.dense[1]: Enter an object.',
    'optimizer.nesterov: Not known here; known are kind, beta1, beta2, epsilon, weightDecay.',
    'optimizer.beta1: Enter a number from 0, below 1.',
    'optimizer.epsilon: Enter a number above 0, at most 1.',
    'learningRate: Missing.',
    'schedule.end: Enter a number from 0 to 1.',
    'warp.shift: Enter a number from 0, below 28.',
    'warp.degrees: Enter a number from 0, below 45.',
    'average: Enter a number from 0, below 1, or null.',
    'batchSize: Enter a whole number from 1 to 4096.',
    'epochs: Enter a whole number from 1 to 1000.',
    'shuffle: Enter true or false.',
    'steps: Enter a whole number from 1 up, or null.',
  ]);
  assert.deepEqual(recipe, {
    ...best,
    net: fast.net,
    optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01 },
    learningRate: fast.learningRate,
    schedule: { kind: 'cosine', end: 0 },
    warp: { shift: 2, degrees: 10, scale: 0.2 },
    average: null,
    batchSize: fast.batchSize,
    epochs: fast.epochs,
  });
  for (const value of [null, 3, 'recipe', [], undefined]) {
    assert.equal(checkRecipe(value, course).problems.length, 1);
    assert.deepEqual(checkRecipe(value, course).recipe, course);
  }
});

test('an optimiser or a schedule of a kind that there is not is the preset’s', () => {
  const value = { ...course, optimizer: { kind: 'lion' }, schedule: { kind: 'linear' } };
  const { recipe, problems } = checkRecipe(value, fast);
  assert.deepEqual(told(problems), [
    'optimizer.kind: Enter one of adam, adamw, sgd.',
    'schedule.kind: Enter one of constant, step, cosine, onecycle.',
  ]);
  assert.deepEqual([recipe.optimizer, recipe.schedule], [fast.optimizer, fast.schedule]);
});

test('a recipe is the same with its members in another order and with the digits of single precision', () => {
  const other = /** @type {Recipe} */ (
    Object.fromEntries(
      Object.entries({
        ...course,
        optimizer: {
          epsilon: 9.99999993922529e-9,
          beta2: 0.9990000128746033,
          beta1: 0.8999999761581421,
          kind: 'adam',
          weightDecay: 0,
        },
      }).reverse(),
    )
  );
  assert.ok(sameRecipe(other, course));
  assert.equal(matchingPreset(other), 'course');
  assert.equal(JSON.stringify(canonical(other)), JSON.stringify(course));
  assert.equal(matchingPreset({ ...course, seed: 43 }), null);
});

test('where a text stops being JSON is told by line and column', () => {
  for (const [text, line, column] of /** @type {[string, number, number][]} */ ([
    ['', 1, 1],
    ['{\n  "epochs": 3,\n}', 3, 1],
    ['{\n  "epochs": 03\n}', 2, 14],
    ['{ "a": [1, 2 }', 1, 14],
    ['{ "a": tru }', 1, 8],
    ["{ 'a': 1 }", 1, 3],
    ['{ "a" 1 }', 1, 7],
    ['{ "a": 1 } x', 1, 12],
    ['{ "a": 1, "b": ', 1, 16],
    ['[1,,2]', 1, 4],
    ['{ "a": "b\nc" }', 1, 8],
  ])) {
    const { problem } = parseJson(text);
    assert.deepEqual([problem?.line, problem?.column], [line, column], text);
    assert.match(problem ? english(problem.said) : '', new RegExp(`[Ll]ine ${line}, column ${column}`), text);
  }
});

test('the address is short, readable, and written by what differs from the preset', () => {
  assert.equal(writeHash({ recipe: course, preset: 'course' }), '#preset=course');
  assert.equal(
    writeHash({ recipe: { ...course, epochs: 3, learningRate: 0.002 }, preset: 'course', device: 'cpu' }),
    '#preset=course&lr=0.002&epochs=3&device=cpu',
  );
  // Without a name it is the nearest preset's.
  assert.equal(writeHash({ recipe: { ...best, seed: 7 }, preset: null, lang: 'zh' }), '#preset=best&seed=7&lang=zh');
  const hash =
    '#net=conv32-k5-p2-bn-relu-max2,dense70-tanh-drop0.2,dense30-tanh&opt=adamw&decay=0.02&schedule=cosine,0&batch=128' +
    '&warp=2,10,0.1&smooth=0.1&average=0.998&seed=7&shuffle=0&images=6000&steps=100&device=cpu&lang=zh-CN&embed=1';
  const { recipe, ...rest } = readAddress({ search: '', hash });
  assert.deepEqual(rest, { preset: null, device: 'cpu', lang: 'zh', autostart: false, embed: true, problems: [] });
  assert.deepEqual(recipe, {
    ...course,
    net: { ...course.net, dense: [{ units: 70, activation: 'tanh', dropout: 0.2 }, course.net.dense[1]] },
    optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.02 },
    schedule: { kind: 'cosine', end: 0 },
    batchSize: 128,
    warp: { shift: 2, degrees: 10, scale: 0.1 },
    labelSmoothing: 0.1,
    average: 0.998,
    seed: 7,
    shuffle: false,
    trainCount: 6000,
    steps: 100,
  });
});

test('the query takes the same names, and a hash with a recipe has the whole recipe', () => {
  const search = '?preset=fast&epochs=3&device=cpu&autostart=1';
  const ofQuery = readAddress({ search, hash: '' });
  assert.deepEqual(ofQuery, {
    recipe: { ...fast, epochs: 3 },
    preset: null,
    device: 'cpu',
    autostart: true,
    embed: false,
    problems: [],
  });
  assert.deepEqual(readAddress({ search, hash: '#preset=best&device=webgpu&autostart=0' }), {
    recipe: best,
    preset: 'best',
    device: 'webgpu',
    autostart: false,
    embed: false,
    problems: [],
  });
  assert.deepEqual(readAddress({ search, hash: '#device=auto' }).recipe.epochs, 3);
  // Some programs escape what they pass on.
  assert.deepEqual(readAddress({ search: '', hash: '#schedule=cosine%2C0' }).recipe.schedule, {
    kind: 'cosine',
    end: 0,
  });
});

test('each wrong parameter of the address is told with what is accepted, and the rest counts', () => {
  const bad = {
    preset: ['worst', /accepted is course, fast, best/],
    epochs: ['0', /accepted is a whole number from 1 to 1000/],
    batch: ['big', /accepted is a whole number from 1 to 4096/],
    images: ['', /accepted is a whole number from 1 up, or all/],
    steps: ['-1', /accepted is a whole number from 1 up, or all/],
    lr: ['2', /accepted is a number above 0, at most 1/],
    seed: ['1.5', /accepted is a whole number from 0 up/],
    shuffle: ['no', /accepted is 0, 1/],
    smooth: ['1', /accepted is a number from 0, below 1/],
    average: ['1', /accepted is a number from 0, below 1, or off/],
    warp: ['2,10', /accepted is shift,degrees,scale/],
    schedule: ['cosine,1.5', /accepted is cosine,end, where end is a number from 0 to 1/],
    opt: ['lion', /accepted is adam, adamw, sgd/],
    momentum: ['0.9', /accepted is nothing with adam/],
    betas: ['0.9,1', /accepted is beta1,beta2, where beta2 is a number from 0, below 1/],
    eps: ['0', /accepted is a number above 0, at most 1/],
    device: ['tpu', /accepted is auto, webgpu, cpu/],
    lang: ['fr', /accepted is en, zh/],
    autostart: ['yes', /accepted is 0, 1/],
  };
  for (const [name, [value, why]] of Object.entries(bad)) {
    const { recipe, problems } = readAddress({ search: '', hash: `#decay=0.5&${name}=${value}` });
    assert.equal(problems.length, 1, name);
    const words = english(problems[0] ?? '');
    assert.ok(words.startsWith(`“${name}=${value}” in the address was ignored: `), words);
    assert.match(words, /** @type {RegExp} */ (why));
    assert.equal(recipe.optimizer.weightDecay, 0.5, name);
  }
  const said = (/** @type {string} */ hash) => readAddress({ search: '', hash }).problems.map(english).join();
  assert.match(said('#colour=red'), /^“colour” in the address is not known .*; known are preset, net, .*, embed\.$/);
  assert.match(said('#net=conv32'), /accepted is layers such as conv32-k5-p2-bn-relu-max2,dense70-tanh,dense30-tanh/);
  assert.match(said('#net=dense9,conv3-k1'), /accepted is layers such as/);
  assert.match(
    said('#net=conv3-k1-max29'),
    /was ignored: net\.conv\[0\]\.pool\.size: Enter a whole number from 1 to 28/,
  );
  assert.match(said('#net=conv3-k9-max2,conv3-k11'), /net\.conv\[1\]\.kernel: .* 11×11, is larger .* 10×10/);
});

test('a schedule goes as its numbers say, and its curve has every corner', () => {
  const step = /** @type {const} */ ({ kind: 'step', every: 2, gamma: 0.5 });
  assert.equal(scheduleFactor(step, 0.9, 5), 0.25);
  assert.deepEqual(schedulePoints(step, 5), [
    [0, 1],
    [0.4, 1],
    [0.4, 0.5],
    [0.8, 0.5],
    [0.8, 0.25],
    [1, 0.25],
  ]);
  const cosine = /** @type {const} */ ({ kind: 'cosine', end: 0.2 });
  assert.ok(Math.abs(scheduleFactor(cosine, 0.5, 0) - 0.6) < 1e-12);
  assert.ok(Math.abs((schedulePoints(cosine, 3).at(-1)?.[1] ?? 0) - 0.2) < 1e-12);
  const cycle = /** @type {const} */ ({ kind: 'onecycle', warmup: 0.3, start: 0.1, end: 0 });
  assert.deepEqual(schedulePoints(cycle, 1), [
    [0, 0.1],
    [0.3, 1],
    [1, 0],
  ]);
  assert.equal(scheduleFactor({ ...cycle, warmup: 0 }, 0, 0), 1);
});

test('the presets are those of the wasm', async (t) => {
  const page = await mountedPanel(lab, t);
  const presets = (await presetsOf(page)).map(({ name, recipe }) => ({ name, recipe: canonical(recipe) }));
  assert.deepEqual(
    presets,
    PRESETS.map((name) => ({ name, recipe: PRESET_RECIPES[name] })),
  );
});

test('the wasm trains any recipe that the page says can be, with as many parameters and multiply-adds, and refuses the rest', async (t) => {
  const random = randomSource(2);
  const right = Array.from({ length: 30 }, () => randomRecipe(random));
  const wrong = impossibleNets().map(({ net }) => ({ net }));
  const page = await mountedPanel(lab, t, { data: shortData(64, 10) });
  const built = await page.evaluate(
    async (recipes) => {
      /** @type {typeof import('../../www/js/trainer.js')} */
      const { Trainer } = await import(new URL('js/trainer.js', location.href).href);
      const trainer = new Trainer({ device: 'cpu' });
      await trainer.loadData({ baseUrl: 'data/' });
      const answers = [];
      for (const recipe of recipes) {
        /** @type {Promise<object>} */
        const started = new Promise((resolve) => {
          trainer.addEventListener('started', (event) => resolve(/** @type {CustomEvent} */ (event).detail), {
            once: true,
          });
        });
        const run = trainer.train({ ...recipe, steps: 1, batchSize: 1, trainCount: 1 }).then(() => null);
        const refused = run.catch((/** @type {Error} */ error) => error.message);
        const plan = /** @type {any} */ (await Promise.race([started, refused]));
        await refused;
        answers.push(typeof plan === 'string' ? null : { parameters: plan.parameters, training: plan.multiplyAdds });
      }
      trainer.dispose();
      return answers;
    },
    [...right, ...wrong],
  );
  for (const [at, recipe] of right.entries()) {
    const { totals, problems } = networkShape(recipe.net);
    assert.deepEqual(problems, []);
    const expected = { parameters: totals?.parameters, training: totals?.training };
    assert.deepEqual(built[at], expected, JSON.stringify(recipe));
  }
  assert.deepEqual(
    built.slice(right.length),
    wrong.map(() => null),
  );
});
