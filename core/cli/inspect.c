/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 inspect: says what a model consists of. */

#include <stdio.h>
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "cli/cli.h"
#include "config/config.h"
#include "decoder/decoder.h"
#include "engine/experts.h"
#include "tokenizer/chat.h"
#include "vision/encoder.h"
#include "weights/source.h"

#define MAX_MISSING 10

static void
print_text (const L4TextConfig *text)
{
  printf (_("decoder: %" PRId64 " layers, hidden %" PRId64 ", %" PRId64 " heads and %"
          PRId64 " key heads of %" PRId64 ", vocabulary %" PRId64 ", context %" PRId64
          " tokens\n"), text->n_layers, text->hidden, text->n_heads, text->n_kv_heads, text->head_dim, text->vocab,
      text->context);
  printf (_("experts: %" PRId64 " of width %" PRId64 ", %" PRId64 " a token; dense width %"
          PRId64 "\n"), text->n_experts, text->expert_width, text->top_k, text->dense_width);
  printf (_("rope: theta %g, factor %g%s; chunk %" PRId64 "; QK norm %s; temperature %s\n"), text->rope.theta,
      text->rope.factor, text->rope.divisors != NULL ? _(", divisors in the file") : "", text->chunk,
      text->qk_norm ? _("on") : _("off"), text->temperature ? _("on") : _("off"));
  printf (_("layers: "));
  for (gint64 l = 0; l < text->n_layers; l++)   /* R: rotary, N: no positions; c: chunked; m: experts, d: dense */
    printf ("%s%c%s%c", l > 0 ? " " : "", text->layers[l].rope ? 'R' : 'N', text->layers[l].chunked ? "c" : "",
        text->layers[l].moe ? 'm' : 'd');
  printf ("\n");
}

static void
print_vision (const L4VisionConfig *vision)
{
  printf (_("vision: %" PRId64 " layers, hidden %" PRId64 ", %" PRId64 " heads; tiles of %"
          PRId64 " pixels, at most %" PRId64 ", %" PRId64 " tokens each\n"), vision->n_layers,
      vision->hidden, vision->n_heads, vision->image_size, vision->max_patches, l4_vision_tokens_per_tile (vision));
}

/* What is missing, as an error says it: that may hold whatever files and their names do. */
static void
print_missing (const GError *error)
{
  g_autofree char *shown = l4_text_to_line (error->message, -1);

  printf (_("missing: %s\n"), shown);
}

static void
print_no_vision (const L4Checkpoint *checkpoint)
{
  const char *why = l4_checkpoint_why_no_vision (checkpoint);
  g_autofree char *shown = why != NULL ? l4_text_to_line (why, -1) : NULL;

  if (why != NULL)
    printf (_("missing: the vision part; the model reads text only: %s\n"), shown);
  else
    printf (_("missing: the vision part; the model reads text only\n"));
}

/* Which files, and what a GGUF file says of itself. */
static void
print_files (const L4Checkpoint *checkpoint)
{
  const L4Gguf *gguf = l4_checkpoint_get_gguf (checkpoint);
  const char *name = NULL;
  g_autofree char *shown = NULL;

  if (gguf != NULL)
    l4_gguf_get_string (gguf, "general.name", &name, NULL);
  shown = l4_text_to_line (name != NULL ? name : "", -1);
  printf (gguf != NULL ? _("GGUF: %s\n") : _("Hugging Face folder%s\n"), shown);
  for (guint i = 0; i < l4_checkpoint_get_n_files (checkpoint); i++) {
    g_autofree char *path = l4_text_to_line (l4_checkpoint_get_file (checkpoint, i), -1);

    printf (_("file: %s\n"), path);
  }
}

/* The file of repacked experts beside it. */
static void
print_repacked (L4Checkpoint *checkpoint, const L4Config *config)
{
  g_autofree char *path = l4_experts_path (checkpoint), *why = NULL, *shown = NULL;
  g_autoptr (L4Stream) experts = g_file_test (path, G_FILE_TEST_EXISTS) ? l4_experts_find (checkpoint, config, NULL) : NULL;

  if (experts == NULL)
    return;
  l4_experts_use (experts, checkpoint, &why);
  shown = l4_text_to_line (why != NULL ? why : path, -1);
  if (why == NULL)
    printf (_("repacked experts: %s, %" PRIu64 " bytes\n"), shown, l4_stream_expert_bytes (experts));
  else
    printf (_("repacked experts: %s\n"), shown);
}

static void
print_metadata (const L4Gguf *gguf)
{
  for (guint i = 0; gguf != NULL && i < l4_gguf_get_n_keys (gguf); i++) {
    g_autofree char *key = l4_text_to_line (l4_gguf_get_key (gguf, i), -1);
    g_autofree char *value = l4_gguf_describe (gguf, l4_gguf_get_key (gguf, i));
    g_autofree char *shown = l4_text_to_line (value, -1);

    printf ("%s = %s\n", key, shown);
  }
}

/* One line a tensor; a name that the file spells otherwise stands behind it. */
static void
print_tensors (const L4Checkpoint *checkpoint)
{
  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (checkpoint, i);
    g_autofree char *name = l4_text_to_line (tensor->name, -1);
    g_autofree char *original = l4_text_to_line (tensor->original, -1);

    printf ("%-5s [", tensor->dtype);
    for (guint d = 0; d < tensor->n_dims; d++)
      printf ("%s%" PRId64, d > 0 ? ", " : "", tensor->dims[d]);
    printf ("] %zu %s", tensor->bytes, name);
    printf (strcmp (name, original) != 0 ? " (%s)\n" : "\n", original);
  }
}

static void
print_types (const L4Checkpoint *checkpoint)
{
  guint64 elements[L4_N_TYPES + 1] = { 0 }, bytes[L4_N_TYPES + 1] = { 0 }, all_elements = 0, all_bytes = 0;
  guint counts[L4_N_TYPES + 1] = { 0 };

  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (checkpoint, i);

    counts[tensor->type]++;
    elements[tensor->type] += tensor->n_elements;
    bytes[tensor->type] += tensor->bytes;
    all_elements += tensor->n_elements;
    all_bytes += tensor->bytes;
  }
  for (guint t = 0; t <= L4_N_TYPES; t++)
    if (counts[t] > 0)
      printf (_("type %s: %u tensors, %" PRIu64 " parameters, %" PRIu64 " bytes\n"), l4_type_name ((L4Type) t), counts[t],
          elements[t], bytes[t]);
  printf (_("%u tensors, %" PRIu64 " parameters, %" PRIu64 " bytes\n"),
      l4_checkpoint_get_n_tensors (checkpoint), all_elements, all_bytes);
}

/* The tensors that a model of this shape has, and the files do not, or in another shape. */
static void
print_missing_tensors (const L4Checkpoint *checkpoint, GArray *layout)
{
  guint n_missing = 0;

  for (guint i = 0; i < layout->len; i++) {
    g_autoptr (GError) error = NULL;
    L4Source source = { 0 };
    const L4LayoutTensor *tensor = &g_array_index (layout, L4LayoutTensor, i);

    if (tensor->source == NULL || l4_source_find (checkpoint, tensor, &source, &error))
      continue;
    if (++n_missing <= MAX_MISSING)
      print_missing (error);
  }
  if (n_missing > MAX_MISSING)
    printf (_("missing: %u tensors more\n"), n_missing - MAX_MISSING);
  g_array_unref (layout);
}

/* What the program needs and the model lacks; prints, and fails for none of it. */
static void
print_tokenizer (const L4Checkpoint *checkpoint, const L4Config *config)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Tokenizer) tokenizer = l4_tokenizer_load_for (checkpoint, &error);
  L4ChatTokens tokens;

  if (tokenizer == NULL || !l4_chat_tokens_find (tokenizer, config, &tokens, &error)) {
    print_missing (error);
    return;
  }
  printf (_("tokenizer: %u ids; stop at"), l4_tokenizer_get_size (tokenizer));
  for (guint i = 0; i < config->n_stop_tokens; i++)
    printf (" %" PRId64, config->stop_tokens[i]);
  printf ("\n");
}

static char *projector;
static gboolean metadata;

static const GOptionEntry entries[] = {
  {"projector", 0, 0, G_OPTION_ARG_FILENAME, &projector, N_("File with the vision part of a GGUF model"), "FILE"},
  {"metadata", 0, 0, G_OPTION_ARG_NONE, &metadata, N_("List the keys of GGUF files too"), NULL},
  {NULL}
};

static gboolean
run (char **arguments, GError **error)
{
  g_autofree char *path = l4_cli_one_model (arguments, error);
  g_autoptr (L4Config) config = NULL;
  g_autoptr (L4Checkpoint) checkpoint = NULL;

  if (path == NULL)
    return FALSE;
  checkpoint = l4_checkpoint_open (path, projector, error);
  if (checkpoint == NULL)
    return FALSE;
  config = l4_config_load (checkpoint, error);
  if (config == NULL)
    return FALSE;
  print_files (checkpoint);
  print_repacked (checkpoint, config);
  print_text (&config->text);
  if (config->has_vision)
    print_vision (&config->vision);
  else
    print_no_vision (checkpoint);
  print_tokenizer (checkpoint, config);
  print_missing_tensors (checkpoint, l4_layout_text (&config->text, config->text_prefix));
  if (config->has_vision)
    print_missing_tensors (checkpoint, l4_layout_vision (&config->vision, config->text.hidden));
  print_types (checkpoint);
  if (metadata)
    print_metadata (l4_checkpoint_get_gguf (checkpoint));
  if (metadata && l4_checkpoint_get_projector (checkpoint) != l4_checkpoint_get_gguf (checkpoint))
    print_metadata (l4_checkpoint_get_projector (checkpoint));
  print_tensors (checkpoint);
  return TRUE;
}

const L4Command l4_cli_inspect = {
  .name = "inspect",
  .usage = "[MODEL]",
  .description = N_("Prints which files a model is read from, its shape, its vocabulary, and every tensor with its type, shape and size; what a "
      "model of this shape needs and the files do not have begins with \"missing:\". Reads no weights."),
  .examples = N_("llama4 inspect Scout-Q4_K_M-00001-of-00002.gguf  # What the file is, and what is missing.\n"
      "llama4 inspect --metadata scout.gguf | grep rope  # A GGUF file's own keys."),
  .entries = entries,
  .run = run,
};
