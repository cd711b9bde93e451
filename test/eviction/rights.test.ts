import { describe, expect, test } from 'vitest';
import { PURPOSES } from '../../src/eviction/purposes.ts';
import { accessQuestions, needsByPurpose, needsOf } from '../../src/eviction/rights.ts';

describe('rights', () => {
  test('a role for everything has every rule of every command, and no other', () => {
    const pairs = (needs: ReturnType<typeof needsOf>) =>
      new Set(needs.flatMap(need => need.verbs.map(verb => `${verb} ${need.group}/${need.resource}`)));
    const each = pairs(needsByPurpose().flatMap(([, needs]) => needs));
    expect(pairs(needsOf('all'))).toEqual(each);
    expect(each.size).toBeGreaterThan(8);
  });

  test('nothing but looking, and deleting pods', () => {
    for (const purpose of PURPOSES) {
      for (const need of needsOf(purpose)) {
        const changes = need.verbs.filter(verb => !['get', 'list', 'watch'].includes(verb));
        const mayDelete = need.resource === 'pods' && (purpose === 'purge' || purpose === 'all');
        expect(changes).toEqual(mayDelete && changes.length > 0 ? ['delete'] : []);
      }
    }
  });

  test('the danger of nodes/proxy is stated wherever it is asked for', () => {
    const proxies = PURPOSES.flatMap(purpose => needsOf(purpose).filter(need => need.resource === 'nodes/proxy'));
    expect(proxies.length).toBeGreaterThan(3);
    for (const need of proxies) expect(need.danger).toMatch(/commands in containers/);
  });

  test('a subresource is asked about as one, and no question twice', () => {
    const questions = accessQuestions('all', null);
    expect(questions).toContainEqual(
      expect.objectContaining({ verb: 'get', resource: 'nodes', subresource: 'proxy', namespace: null, name: null }),
    );
    const texts = questions.map(question => JSON.stringify({ ...question, neededBy: [] }));
    expect(new Set(texts).size).toBe(texts.length);
    expect(questions.find(q => q.verb === 'list' && q.resource === 'pods')?.neededBy.map(n => n.command)).toEqual([
      'status',
      'purge',
      'verify',
      'why',
      'report',
    ]);
  });

  test('every verb of every rule is asked about', () => {
    for (const [purpose, needs] of needsByPurpose()) {
      const count = needs.reduce((sum, need) => sum + need.verbs.length, 0);
      expect(accessQuestions(purpose, null)).toHaveLength(count);
    }
  });

  test('in a namespace: pods and events there, leases and ConfigMaps where they are, nodes in none', () => {
    const where = new Map(accessQuestions('status', 'shop').map(q => [`${q.verb} ${q.resource}`, q.namespace]));
    expect(Object.fromEntries(where)).toMatchObject({
      'list pods': 'shop',
      'list events': 'shop',
      'list leases': 'kube-node-lease',
      'get configmaps': 'kube-system',
      'list nodes': null,
    });
  });
});
