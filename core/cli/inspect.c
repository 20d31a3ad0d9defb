/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 inspect: says what a model consists of. */

#include <stdio.h>

#include "cli/cli.h"
#include "decoder/decoder.h"
#include "formats/checkpoint.h"
#include "formats/config.h"
#include "tokenizer/chat.h"
#include "vision/encoder.h"

static void
print_text (const L4TextConfig *text)
{
  printf (_("decoder: %" PRId64 " layers, hidden %" PRId64 ", %" PRId64 " heads and %"
          PRId64 " key heads of %" PRId64 ", vocabulary %" PRId64 ", context %" PRId64
          " tokens\n"), text->n_layers, text->hidden, text->n_heads, text->n_kv_heads, text->head_dim, text->vocab,
      text->context);
  printf (_("experts: %" PRId64 " of width %" PRId64 ", %" PRId64 " a token; dense width %"
          PRId64 "\n"), text->n_experts, text->expert_width, text->top_k, text->dense_width);
  printf (_("rope: theta %g, factor %g; chunk %" PRId64 "; QK norm %s; temperature %s\n"), text->rope.theta,
      text->rope.factor, text->chunk, text->qk_norm ? _("on") : _("off"), text->temperature ? _("on") : _("off"));
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

static void
print_tensors (const L4Checkpoint *checkpoint)
{
  guint64 elements = 0, bytes = 0;

  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (checkpoint, i);
    g_autofree char *name = l4_text_to_line (tensor->name, -1);

    printf ("%-5s [", tensor->dtype);
    for (guint d = 0; d < tensor->n_dims; d++)
      printf ("%s%" PRId64, d > 0 ? ", " : "", tensor->dims[d]);
    printf ("] %zu %s\n", tensor->bytes, name);
    elements += tensor->n_elements;
    bytes += tensor->bytes;
  }
  printf (_("%u tensors, %" PRIu64 " parameters, %" PRIu64 " bytes\n"),
      l4_checkpoint_get_n_tensors (checkpoint), elements, bytes);
}

/* What the program needs and the folder lacks; prints, and fails for none of it. */
static void
print_tokenizer (const char *path, const L4Config *config)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Tokenizer) tokenizer = l4_tokenizer_load (path, &error);
  L4ChatTokens tokens;

  if (tokenizer == NULL || !l4_chat_tokens_find (tokenizer, config, &tokens, &error)) {
    printf (_("missing: %s\n"), error->message);
    return;
  }
  printf (_("tokenizer: %u ids; stop at"), l4_tokenizer_get_size (tokenizer));
  for (guint i = 0; i < config->n_stop_tokens; i++)
    printf (" %" PRId64, config->stop_tokens[i]);
  printf ("\n");
}

gboolean
l4_cli_inspect (int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = { {NULL} };
  g_auto (GStrv) rest = NULL;
  g_autofree char *path = NULL;
  g_autoptr (L4Config) config = NULL;
  g_autoptr (L4Checkpoint) checkpoint = NULL;

  if (!l4_cli_parse (&argc, &argv, entries, "[MODEL]", &rest, error))
    return FALSE;
  if (g_strv_length (rest) > 1)
    return l4_fail (error, L4_ERROR_INPUT, _("%s: one model is enough"), rest[1]);
  path = rest[0] != NULL ? g_strdup (rest[0]) : l4_cli_embedded_model ();
  checkpoint = l4_checkpoint_open (path, NULL, error);
  if (checkpoint == NULL)
    return FALSE;
  config = l4_config_load (checkpoint, error);
  if (config == NULL)
    return FALSE;
  printf ("%s\n", path);
  print_text (&config->text);
  if (config->has_vision)
    print_vision (&config->vision);
  else
    printf (_("missing: the vision part; the model reads text only\n"));
  print_tokenizer (path, config);
  print_tensors (checkpoint);
  return TRUE;
}
