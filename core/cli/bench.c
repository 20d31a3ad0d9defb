/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 bench: speed of prompts, generation and pictures, each beside what the machine could do at most. */

#include <stdio.h>
#include <stdlib.h>
#include <yyjson.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/lengths.h"
#include "compute/measure.h"
#include "engine/footprint.h"
#include "engine/llama.h"
#include "output/text.h"
#include "weights/budget.h"

static struct
{
  gint threads, repetitions, together;
  gboolean json, no_vision;
  guint64 memory_bytes;         /* of memory_limit */
  char *prompts, *generations, *projector, *load, *memory_limit, *kv_type, *vision_type;
} options = {.repetitions = 5,.together = 1 };

/* One measurement: repeated, in order. */
typedef struct
{
  char name[32];                /* "pp512", "tg128", "tile4" */
  double *seconds;              /* [n] each */
  guint n;
  double units;                 /* tokens or tiles in one repetition */
  L4Work work;                  /* of one repetition */
  gboolean integers;            /* its weights can be multiplied as 8-bit integers */
  L4StreamFigures before, after;        /* of all repetitions that count, with experts streamed */
} Result;

typedef struct
{
  L4Llama *model;
  L4Speed speed;
  double disk;                  /* bytes a second, with experts streamed; else 0 */
  GArray *prompts, *generations;        /* gint64, tokens of each test; 0: none */
  L4Tenant tenants[L4_BATCH_MOST];      /* conversations of the test that runs */
  GArray *results;              /* Result */
} Bench;

static void
result_clear (gpointer data)
{
  g_free (((Result *) data)->seconds);
}

static int
compare_doubles (const void *a, const void *b)
{
  double one = *(const double *) a, other = *(const double *) b;

  return (one > other) - (one < other);
}

static double
median (const Result *result)
{
  g_autofree double *sorted = g_memdup2 (result->seconds, result->n * sizeof (double));

  qsort (sorted, result->n, sizeof (double), compare_doubles);
  return (sorted[(result->n - 1) / 2] + sorted[result->n / 2]) / 2;
}

static double
limit (const Bench *bench, const Result *result)
{
  return l4_speed_least (&bench->speed, result->work.operations, result->work.weight_bytes + result->work.cache_bytes,
      result->integers);
}

/* What streaming has done in one repetition on average: bytes read, share of the disk's rate, share of uses that found their expert there or on
 * its way, share of guesses at these that were right. */
typedef struct
{
  double bytes, of_disk, hits, right;
} Streamed;

static Streamed
streamed (const Bench *bench, const Result *result)
{
  const L4StreamFigures *before = &result->before, *after = &result->after;
  double seconds = 0, bytes = (double) (after->bytes - before->bytes);
  guint64 uses = after->uses - before->uses, hits = after->hits + after->foreseen - before->hits - before->foreseen;
  guint64 guesses = after->guesses - before->guesses;

  for (guint i = 0; i < result->n; i++)
    seconds += result->seconds[i];
  return (Streamed) { bytes / result->n, bytes / seconds / bench->disk, uses > 0 ? (double) hits / (double) uses : 1,
    guesses > 0 ? (double) (after->right - before->right) / (double) guesses : 0 };
}

static void
count (const Bench *bench, L4StreamFigures *figures)
{
  if (bench->model->stream != NULL)
    l4_stream_figures (bench->model->stream, figures);
}

/* What is measured ----------------------------------------------------------------------------------------------------- */

/* Weights that stay in their file are read all the same. */
static guint64
weights_bytes (const L4Llama *model)
{
  return model->load != L4_LOAD_READ ? l4_footprint_weights (model->checkpoint, model->config, L4_PRECISION_BF16, L4_LOAD_READ,
      model->vision_int8) : model->memory;
}

/* Random ids that are no special tokens where the vocabulary is large. */
static void
draw_ids (const L4TextConfig *text, GRand *random, gint64 n, gint32 *ids)
{
  for (gint64 i = 0; i < n; i++)
    ids[i] = g_rand_int_range (random, 0, MIN (text->vocab, 200000));
}

static void
give_up_caches (Bench *bench)
{
  for (guint i = 0; i < L4_BATCH_MOST; i++)
    l4_room_clear (bench->model->room, &bench->tenants[i]);
}

/* For n tokens in each of so many conversations. None of them enters the room: there is nobody for whose end one could wait. */
static gboolean
take_caches (Bench *bench, gint64 n_talks, gint64 n, GError **error)
{
  give_up_caches (bench);
  for (gint64 i = 0; i < n_talks; i++)
    if (!l4_room_take (bench->model->room, &bench->tenants[i], l4_cli_is (options.kv_type, "int8"), n, NULL, error))
      return FALSE;
  return TRUE;
}

/* Bytes of an element of keys and values, as this machine keeps them. */
static guint
kv_size (const Bench *bench)
{
  return (guint) l4_key_values_element (l4_key_values_kind (bench->model->compute), l4_cli_is (options.kv_type, "int8"));
}

static Result *
begin (Bench *bench, const char *kind, gint64 n)
{
  Result result = {.seconds = g_new0 (double, options.repetitions),.units = n };

  g_snprintf (result.name, sizeof result.name, "%s%" PRId64, kind, n);
  g_array_append_val (bench->results, result);
  return &g_array_index (bench->results, Result, bench->results->len - 1);
}

/* A prompt of n tokens, or n tokens one after the other. The first of repetitions + 1 does not count. */
static gboolean
measure_tokens (Bench *bench, gint64 n, gboolean generate, GError **error)
{
  const L4TextConfig *text = &bench->model->config->text;
  Result *result = begin (bench, generate ? "tg" : "pp", n);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  l4_autofree gint32 *ids = l4_alloc (n * sizeof (gint32), _("prompt"), error);
  l4_autofree float *logits = l4_alloc (text->vocab * sizeof (float), _("logits"), error);
  L4Type type = l4_type_from_name (bench->model->quantization);

  if (ids == NULL || logits == NULL || !take_caches (bench, 1, n, error))
    return FALSE;
  result->integers = l4_type_info (type)->block_elements > 1;
  l4_budget_tokens (bench->model->config, type, kv_size (bench), generate ? n / 2 : 0, generate ? 1 : n, &result->work);
  if (generate)
    l4_work_scale (&result->work, n);
  for (gint r = -1; r < options.repetitions; r++) {
    gint64 start, step;

    draw_ids (text, random, n, ids);    /* others each time, for experts that are streamed */
    count (bench, r <= 0 ? &result->before : &result->after);
    start = g_get_monotonic_time ();
    l4_cache_clear (bench->tenants[0].cache);
    for (gint64 at = 0; at < n; at += step) {
      l4_autofree float *h = l4_llama_embed (bench->model, ids + at, step = generate ? 1 : MIN (n - at, L4_FORWARD_BATCH), NULL, 0, error);

      if (h == NULL || !l4_llama_forward (bench->model, bench->tenants[0].cache, h, step, 1, logits, NULL, error))
        return FALSE;
      if (r < 0 && generate && at > 8)
        break;
    }
    if (r >= 0)
      result->seconds[result->n++] = (g_get_monotonic_time () - start) / 1e6;
  }
  count (bench, &result->after);
  return TRUE;
}

/* n tokens one after the other in each of several conversations, which share their steps. */
static gboolean
measure_together (Bench *bench, gint64 n, GError **error)
{
  const L4TextConfig *text = &bench->model->config->text;
  gint64 n_talks = options.together;
  Result *result = begin (bench, "tg", n);
  L4Type type = l4_type_from_name (bench->model->quantization);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  l4_autofree gint32 *ids = l4_alloc (n * n_talks * sizeof (gint32), _("prompt"), error);
  L4Strand strands[L4_BATCH_MOST];
  const L4Strands tokens = { strands, n_talks, n_talks };
  l4_autofree float *logits = l4_alloc (n_talks * text->vocab * sizeof (float), _("logits"), error);

  if (ids == NULL || logits == NULL || !take_caches (bench, n_talks, n, error))
    return FALSE;
  draw_ids (text, random, n * n_talks, ids);
  for (gint64 i = 0; i < n_talks; i++)
    strands[i] = (L4Strand) { bench->tenants[i].cache, 1 };
  g_snprintf (result->name, sizeof result->name, "tg%" PRId64 "x%" PRId64, n, n_talks);
  result->units = n * n_talks;
  result->integers = l4_type_info (type)->block_elements > 1;
  l4_budget_tokens (bench->model->config, type, kv_size (bench), n / 2, n_talks, &result->work);
  l4_work_scale (&result->work, n);
  for (gint r = -1; r < options.repetitions; r++) {
    gint64 start = g_get_monotonic_time ();

    count (bench, r <= 0 ? &result->before : &result->after);
    for (gint64 i = 0; i < n_talks; i++)
      l4_cache_clear (strands[i].cache);
    for (gint64 at = 0; at < n && (r >= 0 || at <= 8); at++) {
      l4_autofree float *h = l4_llama_embed (bench->model, ids + at * n_talks, n_talks, NULL, 0, error);

      if (h == NULL || !l4_decoder_forward (bench->model->decoder, bench->model->compute, &tokens, h, NULL, NULL, error)
          || !l4_decoder_logits (bench->model->decoder, bench->model->compute, h, n_talks, TRUE, logits, error))
        return FALSE;
    }
    if (r >= 0)
      result->seconds[result->n++] = (g_get_monotonic_time () - start) / 1e6;
  }
  count (bench, &result->after);
  return TRUE;
}

static gboolean
measure_tiles (Bench *bench, gint64 n, GError **error)
{
  const L4VisionConfig *vision = &bench->model->config->vision;
  gsize tile = vision->channels * vision->image_size * vision->image_size;
  gsize features_size = l4_vision_tokens_per_tile (vision) * bench->model->config->text.hidden;
  Result *result = begin (bench, "tile", n);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  l4_autofree float *tiles = l4_alloc (n * tile * sizeof (float), _("picture"), error);
  l4_autofree float *features = l4_alloc (n * features_size * sizeof (float), _("vision features"), error);

  if (tiles == NULL || features == NULL)
    return FALSE;
  for (gsize i = 0; i < n * tile; i++)
    tiles[i] = g_rand_double_range (random, -1, 1);
  result->integers = l4_cli_is (options.vision_type, "int8");
  l4_budget_tile (bench->model->config, l4_cli_is (options.vision_type, "int8") ? L4_TYPE_Q8_0 : L4_TYPE_BF16, &result->work);
  result->work.operations *= n;
  for (gint r = -1; r < options.repetitions; r++) {
    gint64 start = g_get_monotonic_time ();

    if (!l4_vision_encoder_forward (bench->model->vision, bench->model->compute, tiles, n, features, NULL, error))
      return FALSE;
    if (r >= 0)
      result->seconds[result->n++] = (g_get_monotonic_time () - start) / 1e6;
  }
  return TRUE;
}

static gboolean
measure_list (Bench *bench, const GArray *lengths, gboolean generate, GError **error)
{
  for (guint i = 0; i < lengths->len; i++) {
    gint64 n = g_array_index (lengths, gint64, i);

    if (n > 0 && (!measure_tokens (bench, n, generate, error)
            || (generate && options.together > 1 && !measure_together (bench, n, error))))
      return FALSE;
  }
  return TRUE;
}

/* Whether there is memory for the longest of them: who waited for the others would have waited in vain. */
static gboolean
check_memory (Bench *bench, GError **error)
{
  return take_caches (bench, 1, l4_lengths_longest (bench->prompts), error)
      && take_caches (bench, options.together, l4_lengths_longest (bench->generations), error);
}

/* What is printed ------------------------------------------------------------------------------------------------------ */

static void
print_streamed (const Bench *bench)
{
  gsize n = l4_stream_n_experts (bench->model->stream), slots = l4_stream_n_slots (bench->model->stream);
  double bytes = (double) l4_stream_expert_bytes (bench->model->stream);

  printf (_("\nexperts %.2f GB, %.0f %% of them in memory; disk %.2f GB/s: all of them in %.2f s\n"), bytes / 1e9, 100.0 * (double) slots / (double) n,
      bench->disk / 1e9, bytes / bench->disk);
  if (l4_stream_repacked (bench->model->stream) != NULL)
    printf (_("experts come from %s: %.4g GB\n"), l4_stream_repacked (bench->model->stream), bytes / 1e9);
  printf ("| %-8s | %10s | %12s | %9s | %9s |\n| -------- | ---------: | -----------: | --------: | --------: |\n", "test", "read GB", "of disk",
      "hits", "guesses");
  for (guint i = 0; i < bench->results->len; i++) {
    const Result *result = &g_array_index (bench->results, Result, i);
    Streamed figures = streamed (bench, result);

    if (result->after.uses > 0)
      printf ("| %-8s | %10.2f | %10.1f %% | %7.1f %% | %7.1f %% |\n", result->name, figures.bytes / 1e9, 100 * figures.of_disk, 100 * figures.hits,
          100 * figures.right);
  }
}

static void
print_table (const Bench *bench)
{
  printf (_("%u threads, %s; memory %.1f GB/s, matrices %.2f TFLOPS, 4-bit dots %.2f TOPS\n"),
      l4_compute_get_threads (bench->model->compute), bench->model->path, bench->speed.bytes_per_second / 1e9,
      bench->speed.matrix_per_second / 1e12, bench->speed.dots_per_second / 1e12);
  printf ("| %-8s | %10s | %12s | %9s |\n| -------- | ---------: | -----------: | --------: |\n", "test", "t/s", "ms", "limit");
  for (guint i = 0; i < bench->results->len; i++) {
    const Result *result = &g_array_index (bench->results, Result, i);
    double seconds = median (result);

    printf ("| %-8s | %10.2f | %12.1f | %7.1f %% |\n", result->name, result->units / seconds, seconds * 1e3,
        100 * limit (bench, result) / seconds);
  }
  if (bench->model->stream != NULL)
    print_streamed (bench);
}

static gboolean
print_json (const Bench *bench, GError **error)
{
  yyjson_mut_doc *doc = yyjson_mut_doc_new (NULL);
  yyjson_mut_val *root = yyjson_mut_obj (doc), *tests = yyjson_mut_arr (doc);
  const char *experts = bench->model->stream != NULL ? l4_stream_repacked (bench->model->stream) : NULL;
  g_autofree char *path = l4_text_to_line (bench->model->path, -1), *repacked = experts != NULL ? l4_text_to_line (experts, -1) : NULL;
  char *text;

  yyjson_mut_doc_set_root (doc, root);
  yyjson_mut_obj_add_str (doc, root, "model", path);
  yyjson_mut_obj_add_uint (doc, root, "parameters", bench->model->n_parameters);
  yyjson_mut_obj_add_uint (doc, root, "bytes", weights_bytes (bench->model));
  yyjson_mut_obj_add_uint (doc, root, "threads", l4_compute_get_threads (bench->model->compute));
  yyjson_mut_obj_add_real (doc, root, "memory_bytes_per_second", bench->speed.bytes_per_second);
  yyjson_mut_obj_add_real (doc, root, "matrix_operations_per_second", bench->speed.matrix_per_second);
  yyjson_mut_obj_add_real (doc, root, "dot_operations_per_second", bench->speed.dots_per_second);
  if (bench->model->stream != NULL) {
    yyjson_mut_obj_add_real (doc, root, "disk_bytes_per_second", bench->disk);
    yyjson_mut_obj_add_uint (doc, root, "expert_bytes", l4_stream_expert_bytes (bench->model->stream));
    if (repacked != NULL)
      yyjson_mut_obj_add_str (doc, root, "repacked", repacked);
    yyjson_mut_obj_add_uint (doc, root, "experts", l4_stream_n_experts (bench->model->stream));
    yyjson_mut_obj_add_uint (doc, root, "slots", l4_stream_n_slots (bench->model->stream));
  }
  yyjson_mut_obj_add_val (doc, root, "tests", tests);
  for (guint i = 0; i < bench->results->len; i++) {
    const Result *result = &g_array_index (bench->results, Result, i);
    yyjson_mut_val *test = yyjson_mut_arr_add_obj (doc, tests), *seconds = yyjson_mut_arr_with_real (doc, result->seconds,
        result->n);

    yyjson_mut_obj_add_str (doc, test, "test", result->name);
    yyjson_mut_obj_add_real (doc, test, "per_second", result->units / median (result));
    yyjson_mut_obj_add_real (doc, test, "of_limit", limit (bench, result) / median (result));
    yyjson_mut_obj_add_val (doc, test, "seconds", seconds);
    if (result->after.uses > 0) {
      Streamed figures = streamed (bench, result);

      yyjson_mut_obj_add_real (doc, test, "bytes_read", figures.bytes);
      yyjson_mut_obj_add_real (doc, test, "of_disk", figures.of_disk);
      yyjson_mut_obj_add_real (doc, test, "hits", figures.hits);
      yyjson_mut_obj_add_real (doc, test, "guesses_right", figures.right);
    }
  }
  text = yyjson_mut_write (doc, YYJSON_WRITE_PRETTY, NULL);
  if (text != NULL)
    printf ("%s\n", text);
  free (text);
  yyjson_mut_doc_free (doc);
  return text != NULL || l4_fail (error, L4_ERROR_INTERNAL, _("the results cannot be written as JSON"));
}

/* The better of what the machine gives now and gave before: others may be at work on it. */
static gboolean
measure_machine (Bench *bench, GError **error)
{
  L4Speed now, *best = &bench->speed;
  double disk = 0;

  if (!l4_measure (bench->model->compute, &now, error))
    return FALSE;
  if (bench->model->stream != NULL && !l4_stream_measure (bench->model->stream, &disk, error))
    return FALSE;
  bench->disk = MAX (bench->disk, disk);
  *best = (L4Speed) { MAX (best->bytes_per_second, now.bytes_per_second), MAX (best->matrix_per_second, now.matrix_per_second),
    MAX (best->dots_per_second, now.dots_per_second)
  };
  return TRUE;
}

static gboolean
measure_all (Bench *bench, GError **error)
{
  if (!check_memory (bench, error) || !measure_machine (bench, error) || !measure_list (bench, bench->prompts, FALSE, error)
      || !measure_list (bench, bench->generations, TRUE, error))
    return FALSE;
  if (bench->model->vision != NULL && (!measure_tiles (bench, 1, error) || !measure_tiles (bench, 4, error)))
    return FALSE;
  return measure_machine (bench, error);
}

static const GOptionEntry entries[] = {
  {"prompt", 'p', 0, G_OPTION_ARG_FILENAME, &options.prompts, N_("Tokens of a prompt; several with commas; 0: none (512)"), "N"},
  {"generate", 'n', 0, G_OPTION_ARG_FILENAME, &options.generations, N_("Tokens to generate; several with commas; 0: none (128)"), "N"},
  {"together", 'c', 0, G_OPTION_ARG_INT, &options.together, N_("Conversations that also generate at once (1)"), "N"},
  {"repetitions", 'r', 0, G_OPTION_ARG_INT, &options.repetitions, N_("Repetitions of each test (5)"), "N"},
  {"threads", 't', 0, G_OPTION_ARG_INT, &options.threads, N_("Threads; 0: one for every CPU (0)"), "N"},
  {"projector", 0, 0, G_OPTION_ARG_FILENAME, &options.projector, N_("Vision part of a GGUF model"), "FILE"},
  {"load", 0, 0, G_OPTION_ARG_FILENAME, &options.load, N_("Read the weights into memory, map their file, or read experts when they are needed"), L4_CLI_LOAD},
  {"memory-limit", 0, 0, G_OPTION_ARG_FILENAME, &options.memory_limit, N_("Bytes for weights and caches, K, M or G behind them for more (what is free)"), "BYTES"},
  {"vision-type", 0, 0, G_OPTION_ARG_FILENAME, &options.vision_type, N_("How the vision part's weights are kept"), L4_CLI_PRECISION},
  {"kv-type", 0, 0, G_OPTION_ARG_FILENAME, &options.kv_type, N_("How keys and values are kept"), L4_CLI_PRECISION},
  {"no-vision", 0, 0, G_OPTION_ARG_NONE, &options.no_vision, N_("Leave pictures out"), NULL},
  {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, N_("Print JSON"), NULL},
  {NULL}
};

/* Before any weights are read. */
static gboolean
parse_lengths (const char *path, Bench *bench, GError **error)
{
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (path, options.projector, error);
  g_autoptr (L4Config) config = checkpoint != NULL ? l4_config_load (checkpoint, error) : NULL;

  if (config == NULL)
    return FALSE;
  bench->prompts = l4_lengths_parse (options.prompts, 512, config->text.context, error);
  bench->generations = bench->prompts != NULL ? l4_lengths_parse (options.generations, 128, config->text.context, error) : NULL;
  return bench->generations != NULL;
}

static void
bench_clear (Bench *self)
{
  if (self->model != NULL)
    give_up_caches (self);
  l4_llama_free (self->model);
  g_clear_pointer (&self->prompts, g_array_unref);
  g_clear_pointer (&self->generations, g_array_unref);
  g_array_unref (self->results);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Bench, bench_clear)

static gboolean
run (char **arguments, GError **error)
{
  g_autofree char *path = l4_cli_one_model (arguments, error);
  g_auto (Bench) bench = {.results = g_array_new (FALSE, FALSE, sizeof (Result)) };

  g_array_set_clear_func (bench.results, result_clear);
  if (path == NULL)
    return FALSE;
  if (options.repetitions < 1 || options.repetitions > 1000)
    return l4_fail (error, L4_ERROR_INPUT, _("--repetitions %d: must be 1 to 1000"), options.repetitions);
  if (options.together < 1 || options.together > L4_BATCH_MOST)
    return l4_fail (error, L4_ERROR_INPUT, _("--together %d: must be 1 to %d"), options.together, L4_BATCH_MOST);
  if (!l4_cli_check_threads (options.threads, error)
      || !l4_command_parse_bytes ("memory-limit", options.memory_limit, &options.memory_bytes, error) || !parse_lengths (path, &bench, error))
    return FALSE;
  bench.model = l4_llama_load (&(L4LoadOptions) {.model_path = path,.projector_path = options.projector,
        .threads = options.threads,.memory_limit = options.memory_bytes,.load = l4_load_from_string (options.load),
        .vision_int8 = l4_cli_is (options.vision_type, "int8"),.text_only = options.no_vision },
      L4_PRECISION_BF16, NULL, NULL, NULL, error);
  if (bench.model == NULL)
    return FALSE;
  if (bench.model->why_not_repacked != NULL)
    fprintf (stderr, "llama4: %s\n", bench.model->why_not_repacked);
  if (!measure_all (&bench, error))
    return FALSE;
  if (options.json)
    return print_json (&bench, error);
  print_table (&bench);
  return TRUE;
}

const L4Command l4_cli_bench = {
  .name = "bench",
  .usage = "[MODEL]",
  .description = N_("Measures how many tokens of a prompt are read, how many are generated and how many tiles of pictures are encoded a second (median "
      "of the repetitions), and what share that is of what the machine's memory and arithmetic would allow, which are measured in the same run."),
  .examples = N_("llama4 bench scout.gguf -p 512,2048 -n 64  # Prompts of two lengths, and a generation.\n"
      "llama4 bench --json > speed.json  # The embedded model, for another program."),
  .entries = entries,
  .run = run,
};
