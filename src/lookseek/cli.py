"""The command line: one typed function a verb. What they print is in terminal.py."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter

from .arguments import box_of, classes_of, photos_of, term_of
from .errors import LookseekError, QueryError, TrainError
from .query import Query
from .results import Results
from .terminal import (
    as_json,
    err,
    out,
    plain,
    print_evaluation,
    print_exported,
    print_keyed,
    print_results,
    print_summary,
    program,
    say,
    say_routed,
    tags_as_json,
)
from .types import Metric, Photo, RouteKind, RouteMode, StoreKind
from .watch import SHOWN, Watch

if TYPE_CHECKING:  # what costs time to import is imported by the verb that needs it
    from .search import Searcher
    from .train.machine import Machine

app = App(
    name="lookseek",
    help="lookseek finds clothes by looking: index a catalogue of clothing photos, search it with photos and words.",
    help_format="plaintext",
    suppress_keyboard_interrupt=False,  # main says what becomes of the work
)


@app.command
def index(
    source: str,
    index: Path,
    /,
    *,
    model: str | None = None,
    metric: Metric | None = None,
    prune: Annotated[bool, Parameter(negative=())] = False,
    image_column: str | None = None,
    id_column: str | None = None,
    store: StoreKind = "edge",
) -> int:
    """Build an index, or bring one up to date: only new and changed photos are encoded.

    Stop it with Ctrl-C whenever you like; the same command goes on from there.

    Args:
        source: a folder of photos, a table (.csv, .tsv, .jsonl, .parquet), features (all_features.npy or its folder,
            as export-vectors writes it) or "drawn" for drawn garments.
        index: the folder of the index.
        model: a shipped model's name, a model folder, or hf:OWNER/NAME@REVISION of the Hugging Face hub; another than
            the index has builds a new index beside it. For features the model that made them.
        metric: "euclidean" also allows searching by Euclidean distance.
        prune: remove the items that the source no longer has.
        image_column: the table's column that holds the photos, if it isn't found by its name.
        id_column: the table's column that holds the ids, if it isn't found by its name.
        store: what keeps a new index: edge (any size), or numpy (plain files, up to some 50,000 items).
    """
    from .catalogue import open_catalogue
    from .index.job import build_index

    catalogue = open_catalogue(source, image_column=image_column, id_column=id_column)
    with Watch(err) as watch:
        summary = build_index(catalogue, index, model=model, metric=metric, prune=prune, store=store, progress=watch)
    print_summary(summary, index, watch.left_out)
    return 130 if summary.interrupted else 0


@app.command
def search(
    index: Path,
    /,
    *,
    image: Annotated[list[str] | None, Parameter(negative=())] = None,
    item: str = "",
    text: str = "",
    plus: Annotated[list[str] | None, Parameter(negative=())] = None,
    minus: Annotated[list[str] | None, Parameter(negative=())] = None,
    like: Annotated[list[str] | None, Parameter(negative=())] = None,
    unlike: Annotated[list[str] | None, Parameter(negative=())] = None,
    composer: str = "",
    k: Annotated[int, Parameter(name="-k")] = 10,
    metric: Metric = "cosine",
    filter: str = "",
    box: str | None = None,
    colour_weight: float | None = None,
    exact: Annotated[bool, Parameter(negative=())] = False,
    hide_duplicates: Annotated[bool, Parameter(negative=())] = False,
    route: Literal["none"] | RouteKind = "none",
    route_mode: RouteMode = "soft",
    truth: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    strip: Path | None = None,
) -> int:
    """Find the items of an index that look like a photo, match words, or look like a photo with a change.

    Several photos, --plus and --minus are added up, each with its weight.

    Args:
        index: the folder of the index.
        image: a photo, with a weight if need be: a.jpg:0.7; may be repeated.
        item: the id of an item to search with, in place of a photo.
        text: words that say what is looked for or, beside a photo, how it should differ.
        plus: what is added: words or a photo's path, with a weight if need be: "long sleeves:0.5"; may be repeated.
        minus: what is taken away, likewise; may be repeated.
        like: the id of an item that the results should be like; may be repeated. Alone it is all that is asked by,
            beside a photo or words it moves them.
        unlike: the id of an item that they should not be like; may be repeated.
        composer: what joins a photo with --text: sum, slerp, slerp:WEIGHT (the words' share) or the model's own.
        k: how many results.
        metric: cosine, or euclidean for an index that was built with it.
        filter: only items that meet it, e.g. "category = dress and colour in (red, pink) and price < 50".
        box: the part of the first photo that is meant, as x,y,width,height in pixels.
        colour_weight: share of the colour in the score, 0 (shape and cut alone) to 1 (colour alone); for a photo alone.
        exact: compare with every item even where the index has a graph.
        hide_duplicates: show one of several near-identical photos.
        route: search only the items whose key a router finds likely; lookseek route makes routers.
        route_mode: soft searches keys until the router is as sure as it must be, hard the likeliest key alone.
        truth: frames results that agree green, e.g. category=dress, or category for the query's own; never searched on.
        json: print JSON.
        strip: also draw the query and its results as a picture, into this PNG.
    """
    from .search import Searcher

    photos = photos_of(image or ())
    query = Query(
        image=photos.first,
        item=item,
        image_weight=photos.weight,
        box=None if box is None else box_of(box),
        text=text,
        plus=(*photos.others, *map(term_of, plus or ())),
        minus=tuple(map(term_of, minus or ())),
        like=tuple(like or ()),
        unlike=tuple(unlike or ()),
        composer=composer,
        filter=filter,
        k=k,
        metric=metric,
        exact=exact,
        colour_weight=colour_weight,
        hide_duplicates=hide_duplicates,
        route=route,
        route_mode=route_mode,
    )
    with Searcher(index, single=True) as searcher:
        if searcher.index.note:
            err.print(f"[yellow]note:[/] {searcher.index.note}")
        results = searcher.search(query)
        if results.routed is not None:
            say_routed(results.routed)
        agreed = _truth(truth, searcher, query.image)
        if json:
            out.print_json(as_json(results))
        else:
            print_results(results, agreed)
        if strip is not None:
            _draw(results, agreed, strip)
            err.print(f"wrote {strip}")
    return 0


@app.command
def route(
    index: Path,
    /,
    *,
    kind: RouteKind,
    by: str | None = None,
    preset: Literal["baseline", "linear"] = "baseline",
    cells: int = 50,
) -> int:
    """Fit a router on an index and key its items, so that search --route compares with a part of them alone.

    Run it again when the index has changed. The index answers as before until the end.

    Args:
        index: the folder of the index.
        kind: svm learns to tell the values of an attribute apart; kmeans makes cells of items that look alike.
        by: the attribute that svm learns; category if none is named.
        preset: how svm learns: baseline is the SVM, which takes some two milliseconds a query; linear a logistic
            regression, which takes none that count.
        cells: how many cells kmeans makes.
    """
    from .index.routing import route_index

    try:
        with Watch(err) as watch:
            done = route_index(index, kind, by=by, preset=preset, cells=cells, progress=watch)
    except KeyboardInterrupt:
        err.print(f"stopped: {plain(str(index))} is as it was; the same command begins again", soft_wrap=True)
        return 130
    print_keyed(done, index)
    return 0


@app.command
def check(index: Path, /) -> int:
    """Verify an index: checksums, counts, that stored vectors find themselves, that photos encode as stored.

    Args:
        index: the folder of the index.
    """
    from .index.check import check_index

    findings = check_index(index)
    for finding in findings:
        out.print(f"{'[green]ok[/]    ' if finding.good else '[red]BROKEN[/]'} {finding.what}: ", end="")
        say(finding.said)
    return 0 if all(finding.good for finding in findings) else 1


@app.command
def export_vectors(index: Path, out: Path, /, *, label: str | None = None) -> int:
    """Write an index's vectors as plain numpy files: all_features.npy, all_labels.npy, all_ids.txt and more.

    lookseek index OUT makes an index from them again, with nothing lost.

    Args:
        index: the folder of the index.
        out: the folder of the files; those of an earlier export are replaced, others stay.
        label: the attribute that becomes the class number; category if none is named and items have one.
    """
    from .index.export import export_vectors as write

    with Watch(err) as watch:
        exported = write(index, out, label=label, progress=watch)
    if exported.note:
        err.print(f"[yellow]note:[/] {exported.note}", soft_wrap=True)
    print_exported(exported, out)
    return 0


@app.command
def evaluate(
    benchmark: str | None = None,
    data: Path | None = None,
    /,
    *,
    list: Annotated[bool, Parameter(negative=())] = False,
    split: str | None = None,
    protocol: str | None = None,
    model: str = "lookseek-base",
    metric: Metric = "cosine",
    colour_weight: float = 0.0,
    composer: str | None = None,
    by: str = "",
    route: Literal["none"] | RouteKind = "none",
    route_mode: RouteMode = "soft",
    route_preset: Literal["baseline", "linear"] = "baseline",
    json: Path | None = None,
    report: Path | None = None,
    trec: Path | None = None,
    inputs: Path | None = None,
) -> int:
    """Measure a model on a benchmark, by the field's protocols.

    Photos are encoded once and kept (LOOKSEEK_CACHE, else ~/.cache/lookseek): stop it with Ctrl-C whenever you like,
    the same command goes on from there.

    Args:
        benchmark: its name; --list names them all. "trec" measures a run file: DATA is the qrels, --model the run.
        data: the benchmark's folder or table, as --list says.
        list: print the benchmarks with their protocols, sizes and needs.
        split: the part that asks; for most benchmarks test.
        protocol: one of the benchmark's; the first that --list names if none is given.
        model: a shipped model's name, a model folder, hf:OWNER/NAME@REVISION, "colour", or vectors: NAME.npy beside
            NAME.txt, a key a line.
        metric: how vectors are compared: cosine or euclidean.
        colour_weight: share of the colour in the score, 0 to 1, as in a search.
        composer: how a photo and a change become one: the model's own by name, sum, slerp:WEIGHT; photo or text alone.
        by: the columns meant, for benchmarks that take any table: the item's for instance, several for attributes.
        route: a router between questions and gallery, fitted on train, for benchmarks that have one.
        route_mode: soft, or hard for the likeliest key alone.
        route_preset: how svm learns, as lookseek route says.
        json: write the result into this file, and every question's values beside it.
        report: write a page with tables, plots and strips of the best and worst questions into this folder.
        trec: write run and qrels files into this folder.
        inputs: only write what a model has to encode into this folder: a table of keys, photos and texts.
    """
    from . import tables
    from .evaluate.command import Asked, ask
    from .evaluate.routed import Route

    if list:
        for line in tables.listed():
            out.print(line, soft_wrap=True)
        return 0
    if benchmark is None:
        raise QueryError("no benchmark is named: lookseek evaluate --list names them")
    routed = None if route == "none" else Route(route, route_mode, route_preset)
    asked = Asked(
        benchmark, data, split, protocol, model, metric, colour_weight, composer, by, routed, json, report, trec, inputs
    )
    with Watch(err) as watch:
        done = ask(asked, watch)
    if watch.left_out > SHOWN:
        err.print(f"... and {watch.left_out - SHOWN:,} more skipped" + (f", all in {json}" if json else ""))
    if done.evaluation is not None:
        print_evaluation(done.evaluation)
    for path in done.written:
        err.print(f"wrote {path}", markup=False, soft_wrap=True)
    return 0


@app.command
def compare(first: Path, /, *others: Path) -> int:
    """Put results of evaluate --json side by side, with the significance of differences from the first.

    Results of another benchmark, protocol, split, gallery or set of questions are refused.

    Args:
        first: a result file.
        others: more result files.
    """
    from . import tables
    from .evaluate.compare import compare as put_side_by_side

    comparison = put_side_by_side([first, *others])
    say(next(tables.said_of(comparison.results[0])))
    for line in tables.numbered(comparison):
        say(line)
    out.print()
    out.print(tables.compared(comparison))
    say("\ndifference from the first, its 95 % interval and p: paired bootstrap over photos")
    if comparison.results[0].missing:
        err.print(f"[red]not comparable with other results:[/] {len(comparison.results[0].missing):,} photos missing")
    return 0


@app.command
def train(
    recipe: str | None = None,
    data: str | None = None,
    out: Path | None = None,
    /,
    *,
    list: Annotated[bool, Parameter(negative=())] = False,
    preset: str = "modern",
    label: str = "",
    backbone: str | None = None,
    model: str | None = None,
    weights: str = "local",
    epochs: int | None = None,
    batch: int | None = None,
    rate: float | None = None,
    size: int | None = None,
    seed: int | None = None,
    precision: str | None = None,
    tune: str | None = None,
    tune_epochs: int | None = None,
    tune_batch: int | None = None,
    tune_rate: float | None = None,
    checkpointing: bool | None = None,
    projection: float | None = None,
    hidden: float | None = None,
    ablation: Annotated[bool, Parameter(negative=())] = False,
    accelerator: str = "auto",
    devices: str = "auto",
    nodes: int = 1,
    workers: int | None = None,
) -> int:
    """Train a model on labelled photos, into a run folder that lookseek export makes a model of.

    Stop it with Ctrl-C whenever you like, or let it be killed: the same command goes on from there and ends with the
    same weights. The best epoch on val is kept, and measured on test once, at the end.

    Args:
        recipe: its name; --list names them all.
        data: photos with classes, or triplets, in splits train, val and test: --list says in which forms.
        out: the run folder.
        list: print the recipes and presets.
        preset: modern, or the classic settings: baseline of the classifier, clip4cir of the combiner.
        label: the column of the class; "category" if none is named.
        backbone: efficientnet-lite2, a name of torchvision (resnet50, densenet121) or of timm (timm/NAME).
        model: of the combiner: whose features are joined, a model folder or a CLIP of open_clip, e.g. open_clip/RN50.
        weights: the first ones: local (published ones where this machine has them), published (fetched if need be),
            random, or a file (.safetensors, .pth); of a CLIP also a tag of open_clip.
        epochs: times the photos are gone through.
        batch: photos a step.
        rate: the highest learning rate.
        size: of the network's input, pixels a side.
        seed: of all that chance decides.
        precision: auto, 32-true, bf16-mixed or 16-mixed.
        tune: of the combiner: which towers of a CLIP learn first: none, image, text or both.
        tune_epochs: of that.
        tune_batch: triplets a step of that.
        tune_rate: learning rate of that.
        checkpointing: whether that computes activations twice to keep few of them.
        projection: of the combiner: its first layers' size, in multiples of the features'.
        hidden: of the combiner: its middle layers' size, in multiples of the features'.
        ablation: of the combiner: train and measure sum and Combiner with none, one and both towers tuned, as a table.
        accelerator: auto, cpu, cuda, mps: as Lightning Fabric names them.
        devices: how many of a node's, or auto.
        nodes: how many.
        workers: processes a device that decode photos.
    """
    from . import tables

    if list:
        for line in tables.recipes_listed():
            say(line)
        return 0
    if recipe is None or data is None or out is None:
        raise TrainError("lookseek train RECIPE DATA OUT: lookseek train --list names the recipes")
    from .train.machine import Machine
    from .train.memory import keep_freed_memory
    from .train.recipes import check_options
    from .train.recipes import recipe as named

    shared = {"epochs": epochs, "batch": batch, "rate": rate, "seed": seed, "precision": precision}
    of_classifier = {"backbone": backbone, "size": size, "label": label or None}
    of_combiner = {"tune": tune, "tune_epochs": tune_epochs, "tune_batch": tune_batch, "tune_rate": tune_rate}
    of_combiner |= {"checkpointing": checkpointing, "projection": projection, "hidden": hidden}
    own: dict[str, dict[str, Any]] = {
        "classifier": of_classifier,
        "align": {},
        "combiner": {**of_combiner, "model": model, "ablation": ablation or None},
    }
    check_options(named(recipe), own)
    keep_freed_memory()  # of the whole process, so it is for the program to say and not for a function
    machine = Machine(accelerator, devices, nodes, workers)
    if recipe == "combiner":
        return _train_combiner(data, out, preset, shared | of_combiner, model, weights, machine, ablation)
    if recipe == "align":
        return _train_align(data, out, preset, shared, weights, machine)
    from .train.classifier import train_classifier

    with Watch(err) as watch:
        trained = train_classifier(
            data,
            out,
            preset=preset,
            changes={**shared, "backbone": backbone, "size": size},
            weights=weights,
            label=label,
            machine=machine,
            progress=watch,
        )
    if watch.left_out > SHOWN:
        err.print(f"... and {watch.left_out - SHOWN:,} more skipped, broken ones are listed in {out / 'skipped.csv'}")
    if not trained.lead:
        return 0
    for line in tables.trained_said(trained):
        say(line)
    for note in trained.notes:
        err.print(f"note: {note}", markup=False, soft_wrap=True)
    say(f"learning curves: {out / 'curves.png'}")
    return 0


@app.command
def export(
    run: str,
    model: Path,
    /,
    *,
    int8: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Make a model folder of a training, or of a model of open_clip: without torch, for index and search.

    The folder is checked against what it was made of on 64 photos, and describes itself (README.md). A training's best
    epoch is taken, and its classes too.

    Args:
        run: the folder that lookseek train wrote, or a model of open_clip: open_clip/NAME:TAG@REVISION,
            open_clip/NAME:FILE, hf-hub:OWNER/NAME@REVISION or local-dir:FOLDER.
        model: the model folder to make; its name becomes the model's.
        int8: in 8 bits, calibrated on the training's photos: faster, a little less exact; the card says how much.
    """
    from .train.openclip.source import is_source
    from .train.run import recipe_of

    lines: Sequence[str]
    with Watch(err) as watch:
        if is_source(run):
            from .train.openclip.export import export_published

            if int8:
                raise TrainError("a model of open_clip has no classes to judge 8 bits by: leave --int8 out")
            lines = export_published(run, model, progress=watch).lines()
        elif recipe_of(Path(run)) == "combiner":
            from .train.combiner.export import export_combiner

            if int8:
                raise TrainError("a Combiner is small and its model has its own precision: leave --int8 out")
            lines = export_combiner(Path(run), model, progress=watch).lines()
        elif recipe_of(Path(run)) == "align":
            from .train.align.export import export_align

            if int8:
                raise TrainError("a joint space has no classes to judge 8 bits by: leave --int8 out")
            lines = export_align(Path(run), model, progress=watch).lines()
        else:
            from .train.export import export as make

            lines = make(Path(run), model, int8=int8, progress=watch).lines()
    for line in lines:
        say(line)
    return 0


@app.command
def tag(
    index_or_model: str,
    /,
    *,
    image: Path,
    classes: str = "",
    k: Annotated[int, Parameter(name="-k")] = 5,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Name the classes of a photo: those that its model was trained to tell apart, or any that are given in words.

    Args:
        index_or_model: an index, whose model is asked, a model folder, a shipped model's name, or
            hf:OWNER/NAME@REVISION.
        image: the photo.
        classes: words to choose among, e.g. "dress,shirt,đầm", for a model that reads words; their shares sum to 1 over
            these words alone. Without it the classes that the model was trained on.
        k: how many classes, the likeliest first.
        json: print JSON.
    """
    from .search.tagging import model_of, tag_by_words
    from .search.tagging import tag as name_classes

    model = model_of(index_or_model)
    tags = tag_by_words(model, image, classes_of(classes), k) if classes else name_classes(model, image, k)
    if json:
        out.print_json(tags_as_json(tags, image, model.name))
    else:
        for each in tags:
            out.print(f"{each.probability:6.1%}  {plain(each.name)}", soft_wrap=True)
    return 0


@app.command
def demo(
    *,
    source: str | None = None,
    download: str | None = None,
    folder: Path = Path("lookseek-demo"),
    port: int = 8000,
    no_serve: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Index a catalogue, search it, draw the results, and serve a page to search it with: the whole way in one go.

    Args:
        source: your photos, a folder or a table; without it garments are drawn.
        download: "clothing" fetches some 3,800 CC0 photos from GitHub; says first how large they are.
        folder: where the demo keeps what it makes.
        port: the port of the page; another one is taken where it is in use.
        no_serve: end with the picture.
    """
    from .demo import run_demo

    with Watch(err) as watch:
        shown = run_demo(source, download, folder, progress=watch, say=lambda line: err.print(line, markup=False))
    print_summary(shown.summary, shown.index, watch.left_out)
    say(f"picture of results: {shown.picture}")
    out.print("go on with:")
    for command in shown.commands:
        say(f"  {program()} {command}")
    if shown.summary.interrupted or no_serve:
        return 130 if shown.summary.interrupted else 0
    out.print()
    return _serve_demo(shown.index, port)


@app.command
def serve(
    index: Path,
    /,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    keys: Path | None = None,
    new_key: Literal["read", "write"] | None = None,
    name: str = "",
    also: Annotated[list[str] | None, Parameter(negative=())] = None,
    rate: int = 0,
    image_urls: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Answer searches over a web page and a REST API, until Ctrl-C.

    Only this machine reaches it unless --host says otherwise. Without keys everybody who reaches it may search and
    nobody may change the index.

    Args:
        index: the folder of the index.
        host: the address to listen at; 0.0.0.0 for all of this machine's.
        port: the port to listen at; 0 for any that is free.
        keys: a file of API keys. Those that may write switch writing on; any that may only read closes the rest.
        new_key: make a key that may read or write, add its hash to the file of --keys, print it once, and end.
        name: of the new key: who will have it.
        also: a further name that the service is called by, e.g. shop.example.org; may be repeated.
        rate: requests a minute that one client may send; 0 for no limit.
        image_urls: let queries name photos by public addresses, which the service fetches.
    """
    try:
        from .serve.keys import make_key, read_keys
        from .serve.run import serve as run
        from .serve.run import write_journal
        from .serve.settings import Settings
    except ModuleNotFoundError as error:
        raise QueryError(f"serving needs {error.name}: pip install 'lookseek[serve]'") from error
    if new_key is not None:
        if keys is None:
            raise QueryError(f"--new-key {new_key} needs the file that knows keys: give --keys FILE")
        say(make_key(keys, new_key, name or new_key))
        err.print(f"this key is shown once; its hash is in {plain(str(keys))}", soft_wrap=True)
        return 0
    settings = Settings(index, host, port, keys, tuple(also or ()), image_urls, rate)
    if keys is not None:
        known = read_keys(keys)
        who = "everybody who reaches it" if known.reads_open else "a key"
        err.print(f"searching is for {who}, writing for {'a key' if known.writes_possible else 'nobody'}")
    write_journal()
    run(settings, lambda address: say(f"serving {index} at {address} (Ctrl-C ends it)"))
    return 0


# what the verbs read and do


def _serve_demo(index: Path, port: int) -> int:
    """The page of a demo, where what it needs is installed."""
    try:
        from .serve.run import free_port
        from .serve.run import serve as run
        from .serve.settings import Settings
    except ModuleNotFoundError:
        err.print("the page needs one thing more: pip install 'lookseek[serve]'", soft_wrap=True)
        return 0
    settings = Settings(index, port=free_port(port))
    run(settings, lambda address: say(f"the page: {address} (Ctrl-C ends it)"))
    return 0


def _train_align(data: str, out: Path, preset: str, changes: dict[str, Any], weights: str, machine: Machine) -> int:
    """The recipe align."""
    if weights != "local":
        raise TrainError("align begins with the weights of its package: leave --weights out")
    from . import tables
    from .train.align.job import train_align

    with Watch(err) as watch:
        aligned = train_align(data, out, preset=preset, changes=changes, machine=machine, progress=watch)
    for line in tables.aligned_said(aligned, out):
        say(line)
    return 0


def _train_combiner(
    data: str,
    out: Path,
    preset: str,
    changes: dict[str, Any],
    model: str | None,
    weights: str,
    machine: Machine,
    ablation: bool,
) -> int:
    from . import tables
    from .encode.model import DEFAULT
    from .terminal import out as console
    from .train.combiner.ablation import ABLATION, ablate
    from .train.combiner.job import train_combiner

    what: dict[str, Any] = {"preset": preset, "model": model or DEFAULT, "weights": weights, "machine": machine}
    with Watch(err) as watch:
        if ablation:
            rows = ablate(data, out, changes=changes, progress=watch, **what)
        else:
            trained = train_combiner(data, out, changes=changes, progress=watch, **what)
    if watch.left_out > SHOWN:
        err.print(
            f"... and {watch.left_out - SHOWN:,} more left out, all listed in skipped.csv of {out}", soft_wrap=True
        )
    if ablation:
        say(rows.about)
        console.print(tables.ablation_said(rows))
        say(f"all figures with their intervals: {out / ABLATION}")
    else:
        for line in tables.combiner_said(trained):
            say(line)
        say(f"learning curves: {out / 'combiner' / 'curves.png'}")
    for note in rows.notes if ablation else trained.notes:
        err.print(f"note: {note}", markup=False, soft_wrap=True)
    return 0


def _draw(results: Results, agreed: tuple[str, Any] | None, path: Path) -> None:
    from . import images
    from .render import strip

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(images.to_png(strip.draw_results(results, agreed)))


def _truth(text: str | None, searcher: Searcher, image: Photo | None) -> tuple[str, Any] | None:
    if text is None:
        return None
    name, given, value = text.partition("=")
    name = name.strip()
    fields = searcher.index.manifest.fields
    if name not in fields:
        raise QueryError(f"--truth names {name!r}, which no item has: the index knows {', '.join(fields)}")
    if given:
        return name, value.strip()
    if image is None:
        raise QueryError(f"--truth {name} means that of the photo, and there is none: say it, --truth {name}=VALUE")
    own = searcher.known(image)
    if own is None or name not in own.attributes:
        raise QueryError(f"the index doesn't hold {image!s} with a {name}: say the value, --truth {name}=VALUE")
    return name, own.attributes[name]


def main() -> None:
    """Run the command line and exit with 0, 1 (an error, said in one line), 2 (wrong use) or 130 (Ctrl-C)."""
    try:
        code = app(sys.argv[1:], exit_on_error=False, print_error=True, result_action="return_value") or 0
    except CycloptsError:
        code = 2
    except LookseekError as error:
        err.print(f"[red]error:[/] {plain(str(error))}", soft_wrap=True)
        code = 1
    except OSError as error:
        line = f"{plain(str(error))}: check that the disk is there, has room, and may be written"
        err.print(f"[red]error:[/] {line}", soft_wrap=True)
        code = 1
    except KeyboardInterrupt:
        err.print("stopped: the same command goes on from here")
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
