/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 plan: what a model needs, and what this machine makes of it, before anything is loaded. */

#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/shape.h"
#include "decoder/cache.h"
#include "engine/footprint.h"
#include "engine/machine.h"
#include "stream/stream.h"
#include "weights/budget.h"

#define GIGA 1e9
#define GIB 1073741824.0
#define PROMPT L4_FORWARD_BATCH
#define DEFAULT_CONTEXT 8192
#define QUESTION 24             /* tokens of one that is answered by yes or no, with those around it */

/* A published model whose shape was never published: two that agree with what is known. */
#define UNKNOWN "behemoth"
static const char *const unknown_shapes[] = { "behemoth-few-layers", "behemoth-many-layers" };

static const gint64 contexts[] = { 8192, 131072, 1048576, 10485760 };
static const L4Type types[] = { L4_TYPE_BF16, L4_TYPE_Q8_0, L4_TYPE_Q6_K, L4_TYPE_Q4_K, L4_TYPE_Q4_0 };

#define N_CONTEXTS G_N_ELEMENTS (contexts)
#define N_TYPES G_N_ELEMENTS (types)

typedef struct
{
  const char *name;
  L4Config *config;
  L4Type type;
  L4ShapeFiles files;           /* type: L4_TYPE_OTHER when another type is planned */
  guint64 memory_limit;         /* bytes; 0: what is free */
  gint64 context;
  gboolean kv_int8;
  gint threads;
} Plan;

/* All figures of one shape. */
typedef struct
{
  L4Counts counts;
  double text_bytes, vision_bytes;      /* weights as they are in the files, or in the planned type and F16 */
  double type_bytes[N_TYPES];   /* both */
  double memory, unmapped, unstreamed;  /* weights in memory; those that are there even if the rest stays in its file, mapped or streamed */
  double full[N_CONTEXTS], chunked[N_CONTEXTS];
  L4Work prompt, token, question, tile;
} Figures;

/* What caches take is told for all machines alike, but what is read of them is what this one keeps. */
static void
get_figures (const Plan *plan, const L4Compute *compute, Figures *figures)
{
  const L4Config *config = plan->config;
  guint kv_size = (guint) l4_key_values_element (l4_key_values_kind (compute), plan->kv_int8);

  l4_budget_count (config, &figures->counts);
  figures->text_bytes = (double) l4_budget_text_bytes (config, plan->type);
  figures->vision_bytes = (double) l4_budget_vision_bytes (config, L4_TYPE_F16);
  for (guint i = 0; i < N_TYPES; i++)
    figures->type_bytes[i] = (double) l4_budget_text_bytes (config, types[i]) + figures->vision_bytes;
  figures->unmapped = (double) l4_footprint_unmapped (config);
  if (plan->files.type != L4_TYPE_OTHER) {
    figures->text_bytes = (double) plan->files.text_bytes;
    figures->vision_bytes = (double) plan->files.vision_bytes;
    figures->unmapped = (double) plan->files.unmapped;
  }
  figures->memory = plan->files.type != L4_TYPE_OTHER ? (double) plan->files.memory : figures->text_bytes + figures->vision_bytes;
  figures->unstreamed = plan->files.type != L4_TYPE_OTHER ? (double) plan->files.unstreamed
      : figures->memory - (double) l4_budget_expert_bytes (config, plan->type);
  for (guint i = 0; i < N_CONTEXTS; i++)
    l4_budget_cache (&config->text, contexts[i], plan->kv_int8 ? 1 : 2, &figures->full[i], &figures->chunked[i]);
  l4_budget_tokens (config, plan->type, kv_size, 0, PROMPT, &figures->prompt);
  l4_budget_tokens (config, plan->type, kv_size, plan->context - 1, 1, &figures->token);
  l4_budget_tokens (config, plan->type, kv_size, MAX (plan->context - QUESTION, 0), QUESTION, &figures->question);
  l4_budget_tile (config, L4_TYPE_F16, &figures->tile);
}

/* Printing: low and high are the same unless the shape is unknown ------------------------------------------------------- */

/* "60.7", or "1098 … 1102". */
static const char *
span (char buffer[64], double low, double high)
{
  if (low == high)
    g_snprintf (buffer, 64, "%.4g", low);
  else
    g_snprintf (buffer, 64, "%.4g … %.4g", MIN (low, high), MAX (low, high));
  return buffer;
}

#define SPAN(member, unit) span ((char[64]) { 0 }, low->member / (unit), high->member / (unit))

static void
print_shape (const Plan *plan)
{
  const L4TextConfig *text = &plan->config->text;
  gint64 moe = 0, full = 0;

  for (gint64 l = 0; l < text->n_layers; l++) {
    moe += text->layers[l].moe;
    full += !text->layers[l].chunked;
  }
  printf (_("%s: %" PRId64 " layers of width %" PRId64 ", %" PRId64 " with %" PRId64 " experts; %" PRId64
          " see the whole context, the others %" PRId64 " tokens\n"), plan->name, text->n_layers, text->hidden, moe,
      text->n_experts, full, text->chunk);
}

static void
print_weights (const Plan *plan, const Figures *low, const Figures *high)
{
  printf (_("parameters: %s G, of which experts %s G, vision %s G; one token meets %s G\n"),
      span ((char[64]) { 0 }, (low->counts.text + low->counts.vision) / GIGA, (high->counts.text + high->counts.vision) / GIGA),
      SPAN (counts.experts, GIGA), SPAN (counts.vision, GIGA), SPAN (counts.active, GIGA));
  if (low == high)
    printf (_("exactly: %" PRIu64 " parameters, %" PRIu64 " a token\n"), low->counts.text + low->counts.vision,
        low->counts.active);
  if (plan->files.type != L4_TYPE_OTHER)
    printf (_("weights: %s GB, mostly %s, vision %s GB, as the files have them\n"), SPAN (text_bytes, GIGA),
        l4_type_name (plan->type), SPAN (vision_bytes, GIGA));
  else
    printf (_("weights: %s GB in %s, vision %s GB in F16\n"), SPAN (text_bytes, GIGA), l4_type_name (plan->type),
        SPAN (vision_bytes, GIGA));
  printf (_("in other types, GB with vision:"));
  for (guint i = 0; i < N_TYPES; i++)
    printf ("%s %s %s", i > 0 ? ";" : "", l4_type_name (types[i]), SPAN (type_bytes[i], GIGA));
  printf ("\n");
}

static void
print_cache (const Plan *plan, const Figures *low, const Figures *high)
{
  if (plan->kv_int8)
    printf (_("cache in 8-bit integers, GiB: whole context + chunks = together\n"));
  else
    printf (_("cache in bfloat16, GiB: whole context + chunks = together\n"));
  for (guint i = 0; i < N_CONTEXTS; i++)
    printf (_("%9" PRId64 " tokens: %s + %s = %s\n"), contexts[i], SPAN (full[i], GIB), SPAN (chunked[i], GIB),
        span ((char[64]) { 0 }, (low->full[i] + low->chunked[i]) / GIB, (high->full[i] + high->chunked[i]) / GIB));
}

static void
print_work (const Plan *plan, const Figures *low, const Figures *high)
{
  printf (_("a prompt token, %d together: %s GFLOP, %s MB of weights\n"), PROMPT, SPAN (prompt.operations, PROMPT * GIGA),
      SPAN (prompt.weight_bytes, PROMPT * 1e6));
  if (plan->config->has_vision)
    printf (_("a tile of a picture: %s GFLOP, %s GB of weights, %" PRId64 " tokens\n"), SPAN (tile.operations, GIGA),
        SPAN (tile.weight_bytes, GIGA), l4_vision_tokens_per_tile (&plan->config->vision));
  printf (_("a generated token after %" PRId64 ": %s GFLOP, %s GB of weights, %s GB of cache\n"), plan->context,
      SPAN (token.operations, GIGA), SPAN (token.weight_bytes, GIGA), SPAN (token.cache_bytes, GIGA));
}

/* The machine ------------------------------------------------------------------------------------------------------------ */

/* What is there beside the weights for a context: the cache as this machine lays it out, what computing takes, the program. */
typedef struct
{
  double cache, work, program, all;
} Beside;

static Beside
beside (const Plan *plan, const L4Compute *compute, gint64 context)
{
  Beside self = { (double) l4_cache_bytes (compute, &plan->config->text, plan->kv_int8, context),
    (double) l4_footprint_work (plan->config, context, l4_compute_get_threads (compute)),
    (double) l4_footprint_program (plan->config), 0
  };

  self.all = self.cache + self.work + self.program;
  return self;
}

/* The types in which the model fits into bytes, with the context planned. */
static void
print_fitting (const Figures *low, double others, double available)
{
  gboolean any = FALSE;

  printf (_("fits with this context:"));
  for (guint i = 0; i < N_TYPES; i++)
    if (low->type_bytes[i] + others <= available) {
      printf (" %s", l4_type_name (types[i]));
      any = TRUE;
    }
  printf ("%s\n", any ? "" : _(" none of the types; with --load stream or map weights come from the disk, as fast as it reads"));
}

/* Largest context that leaves enough room; 0: none. */
static gint64
largest_context (const Plan *plan, const L4Compute *compute, double weights, double available)
{
  gint64 most = plan->config->text.context, fits = 0;

  for (gint64 step = G_GINT64_CONSTANT (1) << g_bit_storage ((gulong) most); step > 0; step /= 2)
    if (fits + step <= most && weights + beside (plan, compute, fits + step).all <= available)
      fits += step;
  return fits;
}

static void
print_machine (const Plan *plan, const L4Compute *compute, const L4Speed *speed, const Figures *low)
{
  double available = (double) (plan->memory_limit > 0 ? plan->memory_limit : l4_memory_available ());
  Beside others = beside (plan, compute, plan->context);
  gboolean fits = low->memory + others.all <= available;

  printf (_("this machine: %u threads, %.4g GiB free, memory %.4g GB/s, matrices %.4g TFLOPS, 4-bit dots %.4g TOPS\n"),
      l4_compute_get_threads (compute), available / GIB, speed->bytes_per_second / GIGA, speed->matrix_per_second / 1e12,
      speed->dots_per_second / 1e12);
  printf (_("needed for %" PRId64 " tokens: %.4g GiB = weights %.4g + cache %.4g + work %.4g + program %.4g: %s\n"), plan->context,
      (low->memory + others.all) / GIB, low->memory / GIB, others.cache / GIB, others.work / GIB, others.program / GIB,
      fits ? _("fits") : _("does not fit"));
  printf (_("needed with --load map: %.4g GiB, and what is left for the pages of the file\n"),
      (low->unmapped + others.all) / GIB);
  if (fits)
    printf (_("largest context that fits: %" PRId64 " tokens\n"), largest_context (plan, compute, low->memory, available));
  print_fitting (low, others.all, available);
}

static double
seconds (const L4Work *work, const L4Speed *speed, gboolean integers)
{
  return l4_speed_least (speed, work->operations, work->weight_bytes + work->cache_bytes, integers);
}

static void
print_forecast (const Plan *plan, const L4Speed *speed, const Figures *low, const Figures *high)
{
  gboolean integers = l4_type_info (plan->type)->block_elements > 1;

  printf (_("at most, with all weights in memory: prompt %s tokens/s, generation %s tokens/s"), span ((char[64]) { 0 },
          PROMPT / seconds (&low->prompt, speed, integers), PROMPT / seconds (&high->prompt, speed, integers)),
      span ((char[64]) { 0 }, 1 / seconds (&low->token, speed, integers), 1 / seconds (&high->token, speed, integers)));
  if (plan->config->has_vision)
    printf (_(", a tile %s s"), span ((char[64]) { 0 }, seconds (&low->tile, speed, FALSE), seconds (&high->tile, speed, FALSE)));
  printf (_(", a question by yes or no about what was shown already %s s"), span ((char[64]) { 0 }, seconds (&low->question, speed, integers),
          seconds (&high->question, speed, integers)));
  printf ("\n");
}

/* Which file experts come from, when it is another than the model's. */
static void
print_repacked (const Plan *plan, gboolean is_file)
{
  if (is_file && plan->files.repacked != NULL)
    printf (_("experts come from %s: %.4g GB\n"), plan->files.repacked, (double) plan->files.repacked_bytes / GIGA);
  else if (is_file && plan->files.why_not_repacked != NULL)
    printf ("%s\n", plan->files.why_not_repacked);
}

/* With experts streamed: the share of them that is in memory, and what comes of it if the router likes all alike. */
static gboolean
print_streamed (const Plan *plan, const L4Compute *compute, const L4Speed *speed, const Figures *low, GError **error)
{
  const L4TextConfig *text = &plan->config->text;
  gboolean integers = l4_type_info (plan->type)->block_elements > 1, is_file = plan->files.type != L4_TYPE_OTHER;
  double experts = low->memory - low->unstreamed, disk = GIGA, share, left, from_disk;
  const char *file = plan->files.repacked != NULL ? plan->files.repacked : plan->files.first;
  Beside others = beside (plan, compute, plan->context);
  guint64 layers = 0;

  for (gint64 l = 0; l < text->n_layers; l++)
    layers += text->layers[l].moe;
  if (experts <= 0 || layers == 0)
    return TRUE;
  if (is_file && !l4_stream_measure_file (file, &disk, error))
    return FALSE;
  left = (double) (plan->memory_limit > 0 ? plan->memory_limit : l4_memory_available () / 20 * 19) - others.cache
      - (double) l4_footprint_streamed (plan->config, (guint64) low->unstreamed, l4_compute_get_threads (compute));
  share = CLAMP (left / experts, 0, 1);
  from_disk = (1 - share) * (is_file && plan->files.repacked != NULL ? (double) plan->files.repacked_bytes : experts) / disk;
  printf (_("with --load stream: %.4g GiB, and %.0f %% of the experts; from a disk of %.3g GB/s%s: prompt %.4g tokens/s, generation %.4g tokens/s\n"),
      (low->unstreamed + others.all) / GIB, 100 * share, disk / GIGA, is_file ? "" : _(" (say)"),
      PROMPT / MAX (seconds (&low->prompt, speed, integers), from_disk),
      1 / (seconds (&low->token, speed, integers) + from_disk / (double) text->n_experts * (double) text->top_k));
  print_repacked (plan, is_file);
  return TRUE;
}

/* The command ------------------------------------------------------------------------------------------------------------ */

static gboolean
print_plan (const Plan *plan, const Plan *other, GError **error)
{
  g_autoptr (L4Compute) compute = l4_compute_new (L4_PRECISION_BF16, (guint) plan->threads, error);
  Figures figures[2];
  const Figures *low = &figures[0], *high = other != NULL ? &figures[1] : low;
  L4Speed speed;

  if (compute == NULL || !l4_machine_measure (compute, &speed, error))
    return FALSE;
  get_figures (plan, compute, &figures[0]);
  if (other != NULL) {
    get_figures (other, compute, &figures[1]);
    printf (_("%s was announced and never published. Known: 288 G parameters a token, 16 experts, nearly 2000 G in all, pictures. "
            "Assumed: all else, in two shapes that agree with that; a figure below is from one to the other\n"), UNKNOWN);
    print_shape (other);
  }
  print_shape (plan);
  print_weights (plan, low, high);
  print_cache (plan, low, high);
  print_work (plan, low, high);
  print_machine (plan, compute, &speed, low);
  print_forecast (plan, &speed, low, high);
  return other != NULL || print_streamed (plan, compute, &speed, low, error);
}

static char *type, *kv_type, *memory_limit;
static gint64 context;
static gint threads;

static const GOptionEntry entries[] = {
  {"context", 0, 0, G_OPTION_ARG_INT64, &context, N_("Tokens of prompt and answer (8192)"), "N"},
  {"type", 0, 0, G_OPTION_ARG_FILENAME, &type, N_("Type of the weights (the model's own, or Q4_K)"),
      "F32|F16|BF16|Q8_0|Q4_0|Q4_1|Q5_0|Q5_1|Q2_K|Q3_K|Q4_K|Q5_K|Q6_K|IQ4_NL|IQ4_XS|IQ2_XXS|IQ2_XS|IQ2_S|IQ3_XXS|"
      "IQ3_S|IQ1_S|IQ1_M|TQ1_0|TQ2_0|MXFP4"},
  {"kv-type", 0, 0, G_OPTION_ARG_FILENAME, &kv_type, N_("How keys and values are kept"), L4_CLI_PRECISION},
  {"memory-limit", 0, 0, G_OPTION_ARG_FILENAME, &memory_limit, N_("Bytes for weights and caches, K, M or G behind them for more (what is free)"),
      "BYTES"},
  {"threads", 0, 0, G_OPTION_ARG_INT, &threads, N_("Threads; 0: one for every CPU (0)"), "N"},
  {NULL}
};

static gboolean
load (Plan *plan, const char *what, GError **error)
{
  plan->name = what;
  plan->config = l4_cli_load_shape (what, &plan->files, error);
  if (plan->config == NULL)
    return FALSE;
  if (type != NULL)
    plan->files.type = L4_TYPE_OTHER;
  plan->type = type != NULL ? l4_type_from_name (type) : plan->files.type != L4_TYPE_OTHER ? plan->files.type : L4_TYPE_Q4_K;
  if (plan->type == L4_TYPE_OTHER || plan->type == L4_TYPE_F8_E4M3)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: is in no type that a GGUF file can have; plan needs a --type for it"), what);
  plan->context = context > 0 ? context : MIN (DEFAULT_CONTEXT, plan->config->text.context);
  if (plan->context > plan->config->text.context)
    return l4_fail (error, L4_ERROR_INPUT, _("--context %" PRId64 ": %s has at most %" PRId64), context, what,
        plan->config->text.context);
  return TRUE;
}

static void
plan_clear (Plan *self)
{
  l4_config_free (self->config);
  l4_cli_shape_files_clear (&self->files);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Plan, plan_clear)

static gboolean
run (char **arguments, GError **error)
{
  g_autofree char *path = l4_cli_one_model (arguments, error);
  g_auto (Plan) plan = {.kv_int8 = l4_cli_is (kv_type, "int8"),.threads = threads }, other = plan;
  gboolean unknown;

  if (path == NULL)
    return FALSE;
  if (context < 0)
    return l4_fail (error, L4_ERROR_INPUT, _("--context %" PRId64 ": must not be negative"), context);
  if (!l4_cli_check_threads (threads, error) || !l4_command_parse_bytes ("memory-limit", memory_limit, &plan.memory_limit, error))
    return FALSE;
  other.memory_limit = plan.memory_limit;
  unknown = g_ascii_strcasecmp (path, UNKNOWN) == 0;
  if (!load (&plan, unknown ? unknown_shapes[1] : path, error) || (unknown && !load (&other, unknown_shapes[0], error)))
    return FALSE;
  return print_plan (&plan, unknown ? &other : NULL, error);
}

const L4Command l4_cli_plan = {
  .name = "plan",
  .usage = "[scout | maverick | behemoth | MODEL]",
  .description = N_("Says, before anything is loaded, what a model takes: parameters, weights in several types, cache by context, operations; whether it "
      "fits into this machine, and what speed at most may be expected of it. What it says of memory is right within a twentieth."),
  .examples = N_("llama4 plan scout --type Q4_K  # A published shape, as if quantised so.\n"
      "llama4 plan scout.gguf --context 131072  # A file, with a long context."),
  .entries = entries,
  .run = run,
};
