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

void
l4_mixture_load (L4Mixture *self, L4Loader *loader, const L4TextConfig *config, const char *prefix)
{
  g_autofree char *shared = g_strconcat (prefix, ".shared_expert", NULL);
  g_autofree char *experts = g_strconcat (prefix, ".experts", NULL);
  gboolean apart = l4_loader_has (loader, "%s.0.gate_proj.weight", experts);

  self->n_experts = config->n_experts;
  self->top_k = config->top_k;
  self->router = l4_loader_weight_f32 (loader, self->n_experts, config->hidden, "%s.router.weight", prefix);
  l4_feed_forward_load (&self->shared, loader, config->hidden, config->expert_width, shared);
  self->experts = g_new0 (L4FeedForward, self->n_experts);
  for (gint64 e = 0; e < self->n_experts; e++) {
    g_autofree char *expert = g_strdup_printf ("%s.%" PRId64, experts, e);

    if (apart)
      l4_feed_forward_load (&self->experts[e], loader, config->hidden, config->expert_width, expert);
    else
      load_fused (&self->experts[e], loader, config, e, experts);
  }
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

/* The k experts with the largest logits, best first, the lower number on ties. */
static void
choose_experts (const float *logits, gint64 n_experts, gint64 k, gint32 *chosen)
{
  for (gint64 i = 0; i < k; i++) {
    gint32 best = -1;

    for (gint32 e = 0; e < n_experts; e++) {
      gboolean taken = FALSE;

      for (gint64 j = 0; j < i; j++)
        taken |= chosen[j] == e;
      if (!taken && (best < 0 || logits[e] > logits[best]))
        best = e;
    }
    chosen[i] = best;
  }
}

/* The tokens of a batch in the order of the experts that they chose. */
typedef struct
{
  gint64 *first;                /* [n_experts + 1]: where an expert's tokens begin */
  gint32 *tokens;               /* [n * top_k] */
  float *weights;               /* [n * top_k]: sigmoid of the router's logit */
  gint32 *places;               /* [n, top_k]: where in the order each token's choices stand */
} Groups;

static void
groups_clear (Groups *self)
{
  g_free (self->first);
  g_free (self->tokens);
  g_free (self->weights);
  g_free (self->places);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Groups, groups_clear)

/* A counting sort of chosen [n, top_k]. */
static void
group_tokens (const L4Mixture *self, const gint32 *chosen, const float *logits, gint64 n, Groups *groups)
{
  gint64 total = n * self->top_k, at = 0;

  groups->first = g_new0 (gint64, self->n_experts + 1);
  groups->tokens = g_new (gint32, total);
  groups->weights = g_new (float, total);
  groups->places = g_new (gint32, total);
  for (gint64 e = 0; e < self->n_experts; e++) {
    groups->first[e] = at;
    for (gint64 i = 0; i < total; i++)
      if (chosen[i] == e) {
        groups->tokens[at] = i / self->top_k;
        groups->weights[at] = 1 / (1 + expf (-logits[i / self->top_k * self->n_experts + e]));
        groups->places[i] = at++;
      }
  }
  groups->first[self->n_experts] = at;
}

/* All networks side by side: inner [n + n * top_k, width], the shared one's rows first; routed [n * top_k, hidden]. */
static gboolean
run_networks (const L4Mixture *self, L4Compute *compute, const Groups *groups, const float *x, gint64 n, gboolean apart, float *inner,
    float *routed, float *y, GError **error)
{
  g_autofree L4Product *products = g_new0 (L4Product, self->n_experts + 1);
  gint64 hidden = self->router->n_in, width = self->shared.up->n_out;
  gsize n_products = 1;

  products[0] = (L4Product) {.weight = self->shared.up,.gate = self->shared.gate,.x = x,.m = n,.apart = apart,.y = inner };
  for (gint64 e = 0; e < self->n_experts; e++) {
    gint64 first = groups->first[e], m = groups->first[e + 1] - first;

    if (m > 0)
      products[n_products++] = (L4Product) {.weight = self->experts[e].up,.gate = self->experts[e].gate,.x = x,
        .rows = groups->tokens + first,.factors = groups->weights + first,.m = m,.apart = apart,.y = inner + (n + first) * width
      };
  }
  if (!l4_multiply (compute, products, n_products, error))
    return FALSE;
  products[0] = (L4Product) {.weight = self->shared.down,.x = inner,.m = n,.apart = apart,.y = y };
  n_products = 1;
  for (gint64 e = 0; e < self->n_experts; e++) {
    gint64 first = groups->first[e], m = groups->first[e + 1] - first;

    if (m > 0)
      products[n_products++] = (L4Product) {.weight = self->experts[e].down,.x = inner + (n + first) * width,.m = m,
        .apart = apart,.y = routed + first * hidden
      };
  }
  return l4_multiply (compute, products, n_products, error);
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

gboolean
l4_mixture (const L4Mixture *self, L4Compute *compute, const float *x, gint64 n, gboolean apart, const gint32 *forced,
    float *logits, float *y, GError **error)
{
  gint64 hidden = self->router->n_in, width = self->shared.up->n_out, total = n * self->top_k;
  g_auto (L4Workspace) workspace = { 0 };
  float *memory = l4_workspace_take (&workspace, compute, (n + total) * width + total * hidden, error);
  g_autofree gint32 *chosen = g_new (gint32, total);    /* [n, top_k] */
  g_auto (Groups) groups = { 0 };
  Sum sum = { &groups, self->top_k, hidden, memory + (n + total) * width, y };

  if (memory == NULL
      || !l4_multiply (compute, &(L4Product) {.weight = self->router,.x = x,.m = n,.apart = apart,.y = logits }, 1, error))
    return FALSE;
  if (forced != NULL)
    memcpy (chosen, forced, total * sizeof (gint32));
  else
    for (gint64 t = 0; t < n; t++)
      choose_experts (logits + t * self->n_experts, self->n_experts, self->top_k, chosen + t * self->top_k);
  group_tokens (self, chosen, logits, n, &groups);
  if (!run_networks (self, compute, &groups, x, n, apart, memory, memory + (n + total) * width, y, error))
    return FALSE;
  l4_compute_run (compute, add_routed, &sum, n, total * hidden);
  return TRUE;
}
