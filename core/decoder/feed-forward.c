/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gated feed-forward network, dense or as a mixture of experts. */

#include "decoder/feed-forward.h"

#include <math.h>
#include <string.h>

#include "compute/product.h"
#include "kernels/kernels.h"

/* Loading ------------------------------------------------------------------------------------------------------------ */

void
l4_feed_forward_load (L4FeedForward *self, L4Loader *loader, gint64 hidden, gint64 width, const char *prefix)
{
  self->gate = l4_loader_weight (loader, width, hidden, "%s.gate_proj.weight", prefix);
  self->up = l4_loader_weight (loader, width, hidden, "%s.up_proj.weight", prefix);
  self->down = l4_loader_weight (loader, hidden, width, "%s.down_proj.weight", prefix);
}

void
l4_feed_forward_clear (L4FeedForward *self)
{
  l4_weight_free (self->gate);
  l4_weight_free (self->up);
  l4_weight_free (self->down);
}

/* One tensor for all experts, with gate and up in one or each in its own; rows are inputs or, where names end in .weight, outputs. */
static void
load_fused (L4FeedForward *self, L4Loader *loader, const L4TextConfig *config, gint64 e, const char *experts)
{
  gint64 n = config->n_experts, width = config->expert_width, hidden = config->hidden;
  gboolean outputs_first = l4_loader_has (loader, "%s.down_proj.weight", experts);
  const char *suffix = outputs_first ? ".weight" : "";
  gboolean joined = l4_loader_has (loader, "%s.gate_up_proj%s", experts, suffix);
  g_autofree char *gate = g_strconcat (experts, joined ? ".gate_up_proj" : ".gate_proj", suffix, NULL);
  g_autofree char *up = g_strconcat (experts, joined ? ".gate_up_proj" : ".up_proj", suffix, NULL);
  g_autofree char *down = g_strconcat (experts, ".down_proj", suffix, NULL);
  gint64 rows = joined ? 2 * width : width;

  self->gate = l4_loader_slice (loader, width, hidden, &(L4Slice) { gate, e, n, rows, 0, !outputs_first });
  self->up = l4_loader_slice (loader, width, hidden, &(L4Slice) { up, e, n, rows, joined ? width : 0, !outputs_first });
  self->down = l4_loader_slice (loader, hidden, width, &(L4Slice) { down, e, n, hidden, 0, !outputs_first });
}

static gboolean
is_away (const L4FeedForward *network)
{
  return (network->gate != NULL && network->gate->place != NULL) || (network->up != NULL && network->up->place != NULL)
      || (network->down != NULL && network->down->place != NULL);
}

static const L4StreamPart *
place_of (const L4Weight *weight)
{
  return weight != NULL ? weight->place : NULL;
}

/* Tells the stream where the experts are that stayed away. */
static void
add_to_stream (L4Mixture *self, L4Stream *stream)
{
  gboolean any = FALSE;

  for (gint64 e = 0; e < self->n_experts; e++)
    any = any || is_away (&self->experts[e]);
  if (!any)
    return;
  self->stream = stream;
  self->layer = l4_stream_add_layer (stream, self->n_experts);
  for (gint64 e = 0; e < self->n_experts; e++)
    l4_stream_set_expert (stream, self->layer, e, (const L4StreamPart *const[]) { place_of (self->experts[e].gate),
          place_of (self->experts[e].up), place_of (self->experts[e].down) });
}

void
l4_mixture_load_experts (L4Mixture *self, L4Loader *loader, const L4TextConfig *config, const char *prefix)
{
  g_autofree char *experts = g_strconcat (prefix, ".experts", NULL);
  gboolean apart = l4_loader_has (loader, "%s.0.gate_proj.weight", experts);

  self->n_experts = config->n_experts;
  self->experts = g_new0 (L4FeedForward, self->n_experts);
  l4_loader_set_away (loader, TRUE);
  for (gint64 e = 0; e < self->n_experts; e++) {
    g_autofree char *expert = g_strdup_printf ("%s.%" PRId64, experts, e);

    if (apart)
      l4_feed_forward_load (&self->experts[e], loader, config->hidden, config->expert_width, expert);
    else
      load_fused (&self->experts[e], loader, config, e, experts);
  }
  l4_loader_set_away (loader, FALSE);
  if (l4_loader_get_stream (loader) != NULL)
    add_to_stream (self, l4_loader_get_stream (loader));
}

void
l4_mixture_load (L4Mixture *self, L4Loader *loader, const L4TextConfig *config, const char *prefix)
{
  g_autofree char *shared = g_strconcat (prefix, ".shared_expert", NULL);

  self->top_k = config->top_k;
  self->router = l4_loader_weight_f32 (loader, config->n_experts, config->hidden, "%s.router.weight", prefix);
  l4_feed_forward_load (&self->shared, loader, config->hidden, config->expert_width, shared);
  l4_mixture_load_experts (self, loader, config, prefix);
}

void
l4_mixture_clear (L4Mixture *self)
{
  l4_weight_free (self->router);
  l4_feed_forward_clear (&self->shared);
  for (gint64 e = 0; self->experts != NULL && e < self->n_experts; e++)
    l4_feed_forward_clear (&self->experts[e]);
  g_free (self->experts);
}

/* Forward ------------------------------------------------------------------------------------------------------------ */

gboolean
l4_feed_forward (const L4FeedForward *self, L4Compute *compute, const float *x, gint64 n, gboolean apart, float *y,
    GError **error)
{
  g_auto (L4Workspace) workspace = { 0 };
  float *inner = l4_workspace_take (&workspace, compute, n * self->up->n_out, error);

  return inner != NULL
      && l4_multiply (compute, &(L4Product) {.weight = self->up,.gate = self->gate,.x = x,.m = n,.apart = apart,.y = inner }, 1,
          error)
      && l4_multiply (compute, &(L4Product) {.weight = self->down,.x = inner,.m = n,.apart = apart,.y = y }, 1, error);
}

/* The tokens of a batch in the order of the experts that they chose. */
typedef struct
{
  gint64 *first;                /* [n_experts + 1]: where an expert's tokens begin */
  gint64 *few;                  /* [n_experts]: where those begin that are few of their conversation: they come last */
  gint32 *tokens;               /* [n * top_k] */
  float *weights;               /* [n * top_k]: sigmoid of the router's logit */
  gint32 *places;               /* [n, top_k]: where in the order each token's choices stand */
} Groups;

static void
groups_clear (Groups *self)
{
  g_free (self->first);
  g_free (self->few);
  g_free (self->tokens);
  g_free (self->weights);
  g_free (self->places);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Groups, groups_clear)

/* Tokens of every strand that chose an expert. */
static void
count_tokens (const L4Mixture *self, const gint32 *chosen, const L4Strands *tokens, gint32 expert, gint64 *counts)
{
  for (gsize s = 0; s < tokens->n_strands; s++) {
    counts[s] = 0;
    for (gint64 i = 0; i < tokens->strands[s].n * self->top_k; i++)
      counts[s] += *chosen++ == expert;
  }
}

/* The next tokens of the order: those of strands of which few chose the expert, or those of the others. */
static void
group_some (const L4Mixture *self, const gint32 *chosen, const float *logits, const L4Strands *tokens, gint64 expert,
    const gint64 *counts, gint64 most_few, gboolean few, gint64 *at, Groups *groups)
{
  gint64 i = 0;

  for (gsize s = 0; s < tokens->n_strands; s++) {
    gint64 end = i + tokens->strands[s].n * self->top_k;

    for (; i < end; i++)
      if (chosen[i] == expert && (counts[s] <= most_few) == few) {
        groups->tokens[*at] = i / self->top_k;
        groups->weights[*at] = 1 / (1 + expf (-logits[i / self->top_k * self->n_experts + expert]));
        groups->places[i] = (*at)++;
      }
  }
}

/* A counting sort of chosen [n, top_k]. Tokens of a strand of which no more than most_few chose an expert count as few. */
static void
group_tokens (const L4Mixture *self, const gint32 *chosen, const float *logits, const L4Strands *tokens, gint64 most_few,
    Groups *groups)
{
  g_autofree gint64 *counts = g_new (gint64, tokens->n_strands);
  gint64 total = tokens->n * self->top_k, at = 0;

  groups->first = g_new0 (gint64, self->n_experts + 1);
  groups->few = g_new0 (gint64, self->n_experts);
  groups->tokens = g_new (gint32, total);
  groups->weights = g_new (float, total);
  groups->places = g_new (gint32, total);
  for (gint64 e = 0; e < self->n_experts; e++) {
    count_tokens (self, chosen, tokens, e, counts);
    groups->first[e] = at;
    group_some (self, chosen, logits, tokens, e, counts, most_few, FALSE, &at, groups);
    groups->few[e] = at;
    group_some (self, chosen, logits, tokens, e, counts, most_few, TRUE, &at, groups);
  }
  groups->first[self->n_experts] = at;
}

/* One step through the networks. */
typedef struct
{
  const L4Mixture *mixture;
  L4Compute *compute;
  const Groups *groups;
  const float *x;               /* [n, hidden] */
  gint64 n;
  gboolean apart;
  float *inner;                 /* [n + n * top_k, width], the shared network's rows first */
  float *routed;                /* [n * top_k, hidden] */
  float *y;                     /* [n, hidden] */
  const L4Ahead *ahead;         /* what comes next, */
  const float *h;               /* [n, hidden] and the state, for guesses at it */
  L4Product *products;          /* [2 * n_experts + 1] */
} Step;

static L4Product
shared_inner (const Step *self)
{
  const L4FeedForward *shared = &self->mixture->shared;

  return (L4Product) {.weight = shared->up,.gate = shared->gate,.x = self->x,.m = self->n,.apart = self->apart,.y = self->inner };
}

static L4Product
shared_outer (const Step *self)
{
  return (L4Product) {.weight = self->mixture->shared.down,.x = self->inner,.m = self->n,.apart = self->apart,.y = self->y };
}

/* The expert's products with its many tokens, and with its few ones: two. */
static void
expert_inner (const Step *self, gint64 e, const L4FeedForward *network, L4Product products[2])
{
  const Groups *groups = self->groups;
  const gint64 bounds[] = { groups->first[e], groups->few[e], groups->first[e + 1] };
  gint64 width = self->mixture->shared.up->n_out;

  for (guint i = 0; i < 2; i++)
    products[i] = (L4Product) {.weight = network->up,.gate = network->gate,.x = self->x,.rows = groups->tokens + bounds[i],.factors =
          groups->weights + bounds[i],.m = bounds[i + 1] - bounds[i],.apart = i == 1,.y = self->inner + (self->n + bounds[i]) * width };
}

static void
expert_outer (const Step *self, gint64 e, const L4FeedForward *network, L4Product products[2])
{
  const Groups *groups = self->groups;
  const gint64 bounds[] = { groups->first[e], groups->few[e], groups->first[e + 1] };
  gint64 width = self->mixture->shared.up->n_out, hidden = self->mixture->router->n_in;

  for (guint i = 0; i < 2; i++)
    products[i] = (L4Product) {.weight = network->down,.x = self->inner + (self->n + bounds[i]) * width,.m =
          bounds[i + 1] - bounds[i],.apart = i == 1,.y = self->routed + bounds[i] * hidden };
}

/* All networks side by side. */
static gboolean
run_networks (const Step *self, GError **error)
{
  const L4Mixture *mixture = self->mixture;
  gsize n_products = 2 * mixture->n_experts + 1;

  self->products[0] = shared_inner (self);
  for (gint64 e = 0; e < mixture->n_experts; e++)
    expert_inner (self, e, &mixture->experts[e], self->products + 1 + 2 * e);
  if (!l4_multiply (self->compute, self->products, n_products, error))
    return FALSE;
  self->products[0] = shared_outer (self);
  for (gint64 e = 0; e < mixture->n_experts; e++)
    expert_outer (self, e, &mixture->experts[e], self->products + 1 + 2 * e);
  return l4_multiply (self->compute, self->products, n_products, error);
}

/* Experts that stay away -------------------------------------------------------------------------------------------- */

typedef struct
{
  L4Weight gate, up, down;
  L4FeedForward network;
} Here;

/* The matrix as it is while the turn has its panels: as copy, which the caller keeps. */
static L4Weight *
bring (const L4StreamTurn *turn, gint64 e, guint part, L4Weight *weight, L4Weight *copy)
{
  if (weight->place == NULL)
    return weight;
  *copy = *weight;
  copy->panels = (guint8 *) l4_stream_panels (turn, e, part);
  return copy;
}

/* Those experts side by side. */
static gboolean
run_ready (const Step *self, const L4StreamTurn *turn, const gint64 *ready, gsize n_ready, Here *here, GError **error)
{
  for (gsize i = 0; i < n_ready; i++) {
    const L4FeedForward *away = &self->mixture->experts[ready[i]];

    here[i].network = (L4FeedForward) {.gate = bring (turn, ready[i], 0, away->gate, &here[i].gate),.up =
          bring (turn, ready[i], 1, away->up, &here[i].up),.down = bring (turn, ready[i], 2, away->down, &here[i].down) };
    expert_inner (self, ready[i], &here[i].network, self->products + 2 * i);
  }
  if (!l4_multiply (self->compute, self->products, 2 * n_ready, error))
    return FALSE;
  for (gsize i = 0; i < n_ready; i++)
    expert_outer (self, ready[i], &here[i].network, self->products + 2 * i);
  return l4_multiply (self->compute, self->products, 2 * n_ready, error);
}

/* The shared network while the first experts come, then each as it comes. What is computed is the same: no product depends on others of
 * its call. */
static gboolean
run_streamed (const Step *self, GCancellable *cancellable, GError **error)
{
  const L4Mixture *mixture = self->mixture;
  g_autofree gint64 *uses = g_new (gint64, mixture->n_experts), *ready = g_new (gint64, mixture->n_experts);
  g_autofree Here *here = g_new (Here, mixture->n_experts);
  g_autoptr (L4StreamTurn) turn = NULL;
  gsize n_ready;

  for (gint64 e = 0; e < mixture->n_experts; e++)
    uses[e] = self->groups->first[e + 1] - self->groups->first[e];
  turn = l4_stream_begin (mixture->stream, mixture->layer, uses, self->n);
  self->products[0] = shared_inner (self);
  if (!l4_multiply (self->compute, self->products, 1, error))
    return FALSE;
  self->products[0] = shared_outer (self);
  if (!l4_multiply (self->compute, self->products, 1, error))
    return FALSE;
  if (!l4_ahead_guess (self->ahead, self->compute, self->h, self->y, self->n, error))
    return FALSE;
  while (l4_stream_next (turn, ready, &n_ready, cancellable, error)) {
    if (n_ready == 0)
      return TRUE;
    if (!run_ready (self, turn, ready, n_ready, here, error))
      return FALSE;
    l4_stream_release (turn, ready, n_ready);
  }
  return FALSE;
}

typedef struct
{
  const Groups *groups;
  gint64 top_k, hidden;
  const float *routed;
  float *y;
} Sum;

/* One token's routed answers onto its shared one, in the order of its choices. */
static void
add_routed (gpointer data, gsize token, guint thread)
{
  const Sum *sum = data;

  for (gint64 i = 0; i < sum->top_k; i++)
    l4_kernels ()->add (sum->routed + sum->groups->places[token * sum->top_k + i] * sum->hidden, sum->hidden,
        sum->y + token * sum->hidden);
}

/* How many tokens of a strand are few for an expert. Where it makes no difference all are, and its weights are read once. */
static gint64
most_few (const L4Mixture *self, const L4Compute *compute, const L4Strands *tokens)
{
  const L4FeedForward *any = &self->experts[0];

  return l4_strands_apart (tokens) || !(l4_multiply_tells_many (compute, &(L4Product) {.weight = any->up,.gate = any->gate })
      || l4_multiply_tells_many (compute, &(L4Product) {.weight = any->down })) ? G_MAXINT64 : L4_DOT_ROWS;
}

gboolean
l4_mixture (const L4Mixture *self, L4Compute *compute, const L4Strands *tokens, const float *x, const gint32 *forced,
    const L4Ahead *ahead, const float *h, float *logits, float *y, GCancellable *cancellable, GError **error)
{
  gint64 hidden = self->router->n_in, width = self->shared.up->n_out, n = tokens->n, total = n * self->top_k;
  gboolean apart = l4_strands_apart (tokens);
  g_auto (L4Workspace) workspace = { 0 };
  float *memory = l4_workspace_take (&workspace, compute, (n + total) * width + total * hidden, error);
  g_autofree gint32 *chosen = g_new (gint32, total);    /* [n, top_k] */
  g_auto (Groups) groups = { 0 };
  g_autofree L4Product *products = g_new0 (L4Product, 2 * self->n_experts + 1);
  Sum sum = { &groups, self->top_k, hidden, memory + (n + total) * width, y };
  const Step step = { self, compute, &groups, x, n, apart, memory, memory + (n + total) * width, y, ahead, h, products };

  if (memory == NULL
      || !l4_multiply (compute, &(L4Product) {.weight = self->router,.x = x,.m = n,.apart = apart,.y = logits }, 1, error))
    return FALSE;
  if (forced != NULL)
    memcpy (chosen, forced, total * sizeof (gint32));
  else
    for (gint64 t = 0; t < n; t++)
      l4_choose_experts (logits + t * self->n_experts, self->n_experts, self->top_k, chosen + t * self->top_k);
  group_tokens (self, chosen, logits, tokens, most_few (self, compute, tokens), &groups);
  if (!(self->stream != NULL ? run_streamed (&step, cancellable, error) : run_networks (&step, error)))
    return FALSE;
  l4_compute_run (compute, add_routed, &sum, n, total * hidden);
  return TRUE;
}
